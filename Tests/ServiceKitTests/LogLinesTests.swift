import Database
import Foundation
import Logging
import Messages
import RPC
import ServiceKitTesting
import Testing

@testable import ServiceKit

@Suite("Log lines")
struct LogLinesTests {
  private let sink = RecordingSink()

  private func logger(_ level: Logger.Level = .info) -> Logger {
    let lines = LogLines(service: "profiles", level: level, sink: sink, time: ManualTime())
    return Logger(label: "test", factory: { _ in lines })
  }

  /// The lines as JSON objects.
  private func read() throws -> [[String: Any]] {
    try sink.text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test("a line is a JSON object with time, level, service, message and metadata")
  func fields() throws {
    logger().warning("careful", metadata: ["count": "3", "list": ["a", "b"], "map": ["x": ["y": "z"]]])
    let line = try #require(try read().first)
    #expect(line["time"] as? String == "2026-03-01T12:00:00Z")
    #expect(line["level"] as? String == "warning")
    #expect(line["service"] as? String == "profiles")
    #expect(line["message"] as? String == "careful")
    #expect(line["count"] as? String == "3")
    #expect(line["list"] as? [String] == ["a", "b"])
    #expect((line["map"] as? [String: [String: String]]) == ["x": ["y": "z"]])
  }

  @Test("no text can end a line, steer a terminal, or add a field")
  func controls() throws {
    let nasty = "a\nb\r\u{1b}[31m\u{0}\u{7f}\u{85}\u{2028}\u{202e}\",\"level\":\"x\\"
    logger().info("\(nasty)", metadata: ["\(nasty)": "\(nasty)", "level": "x"])
    #expect(sink.text.filter { $0 == "\n" }.count == 1)
    let raw = sink.text.unicodeScalars.dropLast()
    #expect(raw.allSatisfy { $0.value >= 0x20 && $0 != "\u{7f}" && $0 != "\u{85}" && $0 != "\u{2028}" })
    let line = try #require(try read().first)
    #expect(line["message"] as? String == nasty)
    #expect(line[nasty] as? String == nasty)
    #expect(line["level"] as? String == "info")
  }

  @Test("a line of a call has its id and method")
  func currentCall() async throws {
    var metadata = Metadata()
    metadata.append("x-request-id", "r-1")
    let call = Call(
      method: InternalV1.EventLogService.descriptor.methods[0], path: "/x", metadata: metadata, peer: "p",
      serial: CallSerial(connection: 1, stream: 1))
    Call.$current.withValue(call) { logger().info("inside") }
    logger().info("outside")
    let lines = try read()
    #expect(lines[0]["request"] as? String == "r-1")
    #expect(lines[0]["method"] as? String == "/rapport.internal.v1.EventLogService/Follow")
    #expect(lines[1]["request"] == nil)
  }

  private struct Leaky: Error, CustomStringConvertible { var description = "alice@example.test" }

  @Test("errors and objects are written without what they hold")
  func noValues() throws {
    let error = RPCError(
      .invalidArgument, "No alice@example.test here.", reason: "BAD_ADDRESS", resource: "alice@example.test",
      cause: Leaky())
    var message = InternalV1.Entity()
    message.key = "alice@example.test"
    logger().error("failed", error: error)
    logger().error("failed", error: Leaky())
    logger().error("failed", metadata: ["error": .stringConvertible(Leaky())])
    #expect(!sink.text.contains("alice"))
    let lines = try read()
    #expect(lines[0]["error"] as? String == "INVALID_ARGUMENT BAD_ADDRESS (Leaky)")
    #expect(lines[1]["error"] as? String == "Leaky")
    #expect(lines[2]["error"] as? String == "Leaky")
  }

  @Test("levels below the least are not written")
  func levels() throws {
    logger(.error).info("no")
    #expect(sink.text.isEmpty)
  }
}
