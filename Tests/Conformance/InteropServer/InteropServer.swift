import ArgumentParser
import Foundation
import Logging
import Messages
import NIOCore
import RPC
import SampleMessages
import UnixSignals

/// Serves `grpc.testing.TestService`, which the interoperability clients of all gRPC libraries call
/// (grpc/doc/interop-test-descriptions.md), until SIGTERM. Its options are named as those of the other libraries' servers.
@main
struct InteropServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interop-server", abstract: "The server of gRPC's interoperability tests.")

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 lets the system choose. It is printed.")
  var port: Int

  @Option(name: .customLong("use_tls"), help: "Whether to speak TLS: true or false.")
  var usesTLS = false

  @Option(name: .customLong("tls-cert"), help: "PEM file of the certificate, then of those that signed it.")
  var certificateFile: String?

  @Option(name: .customLong("tls-key"), help: "PEM file of the certificate's key.")
  var keyFile: String?

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port is 0 to 65535.") }
    guard !usesTLS || (certificateFile != nil && keyFile != nil) else {
      throw ValidationError("--use_tls true takes --tls-cert and --tls-key.")
    }
  }

  func run() async throws {
    let logger = Logger(label: "interop-server")
    let server = RPCServer(router: router, configuration: try serverConfiguration(), logger: logger)
    // Before anyone is told that it listens: a signal that comes earlier would end the process at once.
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let address = try await server.start()
    print("listening \(address.port ?? port)")
    fflush(nil)
    for await _ in signals {
      await server.drain(grace: .seconds(1))
      return
    }
  }

  private var router: Router {
    var router = TestService().router
    let health = HealthService()
    health.set(.serving)
    router.register(health)
    router.registerReflection(
      of: [GRPCTesting.TestService.descriptor, XdsServiceOrcaV3.OpenRcaService.descriptor])
    return router
  }

  private func serverConfiguration() throws -> ServerConfiguration {
    var configuration = ServerConfiguration(host: host, port: port)
    // The clients may ask for as much as they like; twice what any case sends.
    configuration.maxRequestSize = 8 << 20
    if usesTLS, let certificateFile, let keyFile {
      configuration.tls = try ServerTLS(files: TLSFiles(certificates: certificateFile, privateKey: keyFile))
    }
    return configuration
  }
}
