@testable package import Messages

/// A message that is its own encoding, so that a test sees each byte as it travelled.
package struct Blob: Message {
  package var bytes: [UInt8] = []
  package var unknownFields: [UInt8] = []

  package init() {}

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(_ text: String) {
    bytes = Array(text.utf8)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package init(decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws {
    if bytes.first == 0xff { throw DecodingError(.malformedTag, message: "rapport.testing.Blob") }
    self.bytes = Array(bytes)
  }

  package func encode(into allocate: (_ size: Int) throws -> UnsafeMutableRawBufferPointer) throws {
    try allocate(bytes.count).copyBytes(from: bytes)
  }

  package static let descriptor = MessageDescriptor(
    file: FileDescriptor(name: "rapport/testing/echo.proto", imports: [], serialized: []), index: 0)
}
