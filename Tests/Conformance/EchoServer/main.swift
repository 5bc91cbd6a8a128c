import EchoService
import Foundation
import Logging
import NIOCore
import RPC
import UnixSignals

/// Serves ``Echo`` for the Python tests: prints the port, drains at SIGTERM. Options of the form `name=number` change
/// its limits.
var configuration = ServerConfiguration()
for argument in CommandLine.arguments.dropFirst() {
  let parts = argument.split(separator: "=")
  guard parts.count == 2, let number = Int(parts[1]) else { fatalError("unknown option \(argument)") }
  switch parts[0] {
  case "max-request-size": configuration.maxRequestSize = number
  case "max-response-size": configuration.maxResponseSize = number
  case "max-calls": configuration.maxConcurrentCalls = number
  case "gzip": configuration.compression = number == 1 ? .gzip : .identity
  default: fatalError("unknown option \(argument)")
  }
}

let server = RPCServer(
  router: EchoService().router, configuration: configuration, logger: Logger(label: "rpc-echo-server"))
let address = try await server.start()
print("listening \(address.port ?? 0)")
fflush(nil)
for await _ in await UnixSignalsSequence(trapping: .sigterm) {
  await server.drain(grace: .seconds(5))
  print("drained")
  break
}
