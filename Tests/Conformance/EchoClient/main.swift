import EchoService
import Foundation
import Logging
import Messages
import NIOCore
import RPC

// Calls `Echo` at the ports of the first argument (joined by commas) as the second one says, and prints what came of
// it; a failed call prints its status. Arguments of the form `name=value` that follow change its configuration.
let ports = CommandLine.arguments[1].split(separator: ",").compactMap { Int($0) }
let scenario = CommandLine.arguments[2]
var configuration = ClientConfiguration()
var files: TLSFiles?
for argument in CommandLine.arguments.dropFirst(3) {
  let parts = argument.split(separator: "=").map(String.init)
  switch parts[0] {
  case "keepalive": configuration.keepaliveTime = Int(parts[1]).map { .milliseconds($0) }
  case "keepalive-timeout": configuration.keepaliveTimeout = .milliseconds(Int(parts[1]) ?? 0)
  case "max-attempts": configuration.maxAttempts = Int(parts[1]) ?? 1
  case "tls-certificates": files = files ?? TLSFiles(); files?.certificates = parts[1]
  case "tls-key": files = files ?? TLSFiles(); files?.privateKey = parts[1]
  case "tls-authorities": files = files ?? TLSFiles(); files?.authorities = parts[1]
  default: fatalError("unknown option \(argument)")
  }
}
configuration.tls = try files.map { try ClientTLS(files: $0, serverName: "localhost") }
let client = RPCClient(
  addresses: ports.map { HostPort(host: "127.0.0.1", port: $0) }, configuration: configuration,
  logger: Logger(label: "rpc-echo-client"))

func report(_ text: String) {
  print(text)
  fflush(nil)
}

func metadata() async throws {
  var metadata = Metadata()
  metadata.append("x-name", "value")
  metadata.append("x-name", "second")
  metadata.append("x-data-bin", bytes: [0, 255, 1])
  try await client.raw(path: "/rapport.testing.Echo/Echo", options: CallOptions(metadata: metadata)) {
    requests, responses in
    try await requests.send(ByteBuffer(bytes: Blob("x").encoded()))
    try await requests.finish()
    report("initial \(try await responses.initialMetadata.all("x-name"))")
    while try await responses.next() != nil {}
    report("trailing \(await responses.trailingMetadata.allBytes("x-data-bin"))")
  }
}

func chat() async throws {
  try await client.call(Echo.chat) { requests, responses in
    var iterator = responses.makeAsyncIterator()
    for number in 0..<3 {
      try await requests.send(Blob("\(number)"))
      report(try await iterator.next()?.text ?? "end")
    }
    try await requests.finish()
    report(try await iterator.next()?.text ?? "end")
  }
}

/// Calls once for each line of the input.
func steps() async throws {
  while let line = readLine() {
    do {
      report(try await client.call(Echo.echo, Blob(line), options: CallOptions(timeout: .seconds(10))).text)
    } catch let error as RPCError {
      report("\(error.code)")
    }
  }
}

func run() async throws {
  let large = [UInt8](repeating: 7, count: 2_000_000)
  switch scenario {
  case "unary": report(try await client.call(Echo.echo, Blob("hello")).text)
  case "large": report("\(try await client.call(Echo.echo, Blob(large)).value == large)")
  case "gzip":
    let options = CallOptions(compression: .gzip)
    report("\(try await client.call(Echo.echo, Blob(large), options: options).value == large)")
  case "metadata": try await metadata()
  case "many":
    let answers = try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<500 { group.addTask { try await client.call(Echo.echo, Blob("\(number)")).text } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    report("\(answers.count)")
  case "collect":
    report(
      try await client.call(Echo.collect) { requests in
        for _ in 0..<50 { try await requests.send(Blob([UInt8](repeating: 1, count: 100_000))) }
      }.text)
  case "expand":
    try await client.call(Echo.expand, Blob("50 100000")) { responses in
      var bytes = 0
      for try await response in responses { bytes += response.value.count }
      report("\(bytes)")
    }
  case "chat": try await chat()
  case "fail": _ = try await client.call(Echo.fail, Blob())
  case "unknown": try await client.raw(path: "/a.B/C") { _, responses in _ = try await responses.next() }
  case "deadline": _ = try await client.call(Echo.hang, Blob(), options: CallOptions(timeout: .milliseconds(300)))
  case "cancel":
    let call = Task { try await client.call(Echo.hang, Blob()) }
    _ = readLine()
    call.cancel()
    _ = try await call.value
  case "hang": _ = try await client.call(Echo.hang, Blob())
  case "steps": try await steps()
  default: report("unknown scenario")
  }
}

do {
  try await run()
} catch let error as RPCError {
  report("\(error.code) \(error.reason ?? "-") \(error.fieldViolations.map(\.field)) \(error.resource ?? "-")")
  report(error.message)
}
await client.close()
report("closed")
