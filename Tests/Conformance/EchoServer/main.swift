import EchoService
import Foundation
import Logging
import NIOCore
import RPC
import UnixSignals

// Serves `Echo` for the Python tests: prints the port, drains at SIGTERM. Arguments of the form `name=number` change
// its limits, `tls-NAME=file` let it speak TLS; `proxy-to=port` passes all calls on instead.
var configuration = ServerConfiguration()
var upstream: Int?
var files: TLSFiles?
for argument in CommandLine.arguments.dropFirst() {
  let parts = argument.split(separator: "=")
  guard parts.count == 2 else { fatalError("unknown option \(argument)") }
  if parts[0].hasPrefix("tls-") {
    files = files ?? TLSFiles()
    switch parts[0] {
    case "tls-certificates": files?.certificates = String(parts[1])
    case "tls-key": files?.privateKey = String(parts[1])
    case "tls-authorities": files?.authorities = String(parts[1])
    default: fatalError("unknown option \(argument)")
    }
    continue
  }
  guard let number = Int(parts[1]) else { fatalError("no number in \(argument)") }
  switch parts[0] {
  case "max-request-size": configuration.maxRequestSize = number
  case "max-response-size": configuration.maxResponseSize = number
  case "max-calls": configuration.maxConcurrentCalls = number
  case "connection-buffer": configuration.connectionBuffer = number
  case "max-held": configuration.maxHeldBytes = number
  case "gzip": configuration.compression = number == 1 ? .gzip : .identity
  case "preface-timeout": configuration.prefaceTimeout = .milliseconds(number)
  case "max-age": configuration.maxConnectionAge = .milliseconds(number)
  case "max-age-grace": configuration.maxConnectionAgeGrace = .milliseconds(number)
  case "max-idle": configuration.maxConnectionIdle = .milliseconds(number)
  case "keepalive": configuration.keepaliveTime = .milliseconds(number)
  case "keepalive-timeout": configuration.keepaliveTimeout = .milliseconds(number)
  case "min-ping-interval": configuration.minPingInterval = .milliseconds(number)
  case "proxy-to": upstream = number
  default: fatalError("unknown option \(argument)")
  }
}

configuration.tls = try files.map { try ServerTLS(files: $0) }

let logger = Logger(label: "rpc-echo-server")
let service = EchoService()
let client = upstream.map { RPCClient(addresses: [HostPort(host: "127.0.0.1", port: $0)], logger: logger) }
let server = RPCServer(
  router: client.map { Router.proxy(to: $0) } ?? service.router, configuration: configuration, logger: logger)
// Before anyone is told that it listens: a signal that comes earlier would end the process at once.
let signals = await UnixSignalsSequence(trapping: .sigterm)
let address = try await server.start()
print("listening \(address.port ?? 0)")
fflush(nil)
for await _ in signals {
  service.health.shutDown()
  await server.drain(grace: .seconds(5))
  await client?.close()
  print("drained")
  break
}
