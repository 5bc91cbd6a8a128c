package import Messages

/// What ``Echo`` takes and gives: bytes.
package typealias Blob = GoogleProtobuf.BytesValue

extension Blob {
  package init(_ bytes: [UInt8]) {
    self.init()
    value = bytes
  }

  package init(_ text: String) {
    self.init(Array(text.utf8))
  }

  package var text: String { String(decoding: value, as: UTF8.self) }
}
