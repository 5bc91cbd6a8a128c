import Messages
import NIOCore

struct ClientExchange: Sendable {
  func next() async throws -> ByteBuffer? { nil }
  func send(_ message: ByteBuffer) async throws {}
  func send(_ message: some Message) async throws {}
  func halfClose() async throws {}
  func initialMetadata() async throws -> Metadata { Metadata() }
  func trailingMetadata() async -> Metadata { Metadata() }
}
