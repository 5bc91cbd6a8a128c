import Logging
import Messages
import NIOCore
import NIOPosix
import RPC
import SampleMessages
import ServiceKit
import UnixSignals

/// Serves `rapport.bench.v1.BenchService` with one event loop on 127.0.0.1, until SIGTERM: what `deploy/bench` compares
/// with other servers of the same service. `--port 0` lets the system choose; the port is printed.
///
/// Calls pass the interceptors that those of every service pass. As what stands behind a gateway that is measured, it
/// answers `GetProfileTable` as well.
@main struct RPCBenchServer {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, arguments[1] == "--port", let port = Int(arguments[2]), (0...65_535).contains(port)
    else {
      print("Usage: rpc-bench-server --port N")
      return
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var configuration = ServerConfiguration()
    configuration.port = port
    // A gateway sends its principal along.
    configuration.maxHeaderListSize = 128 << 10
    let metrics = CallMetrics(
      methods: BenchV1.BenchService.descriptor.methods + ProfilesV1.ProfileService.descriptor.methods,
      factory: MetricsRegistry(), time: SystemTime())
    let server = RPCServer(
      router: router, interceptors: [metrics, DatabaseFailures()], configuration: configuration, group: group,
      logger: Logger(label: "rpc-bench-server"))
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let address = try await server.start()
    print("listening \(address.port ?? 0)")
    for await _ in signals {
      await server.drain(grace: .seconds(1))
      break
    }
    try await group.shutdownGracefully()
  }

  private static var router: Router {
    var router = Router()
    router.handle(BenchV1.BenchService.next) { sample, _ in
      var next = sample
      next.id &+= 1
      return next
    }
    router.handle(ProfilesV1.ProfileService.getProfileTable) { request, _ in
      var table = ProfilesV1.ProfileTable()
      table.name = request.name
      table.displayName = "Measured"
      return table
    }
    return router
  }
}
