import Messages

/// Messages as proto3 JSON.
enum JSONText {
  /// On one line.
  static func compact(_ wire: [UInt8], as descriptor: MessageDescriptor) throws -> String {
    try String(decoding: JSONCodec.json(from: wire, as: descriptor), as: UTF8.self)
  }

  /// In lines for people.
  static func indented(_ wire: [UInt8], as descriptor: MessageDescriptor) throws -> String {
    try IndentedJSON.text(of: JSONCodec.json(from: wire, as: descriptor))
  }

  /// The message that a JSON text describes.
  ///
  /// - Parameter place: where the text came from, for the error.
  /// - Throws: ``CommandError`` that says what in it is wrong.
  static func message<Content: Message>(_ json: [UInt8], as: Content.Type, from place: String) throws -> Content {
    try Content(decoding: wire(json, as: Content.descriptor, from: place))
  }

  /// The encoded message that a JSON text describes.
  ///
  /// - Throws: ``CommandError`` that says what in it is wrong.
  static func wire(_ json: [UInt8], as descriptor: MessageDescriptor, from place: String) throws -> [UInt8] {
    do {
      return try JSONCodec.wire(from: json, as: descriptor)
    } catch {
      throw CommandError.usage("\(place) is not JSON of \(descriptor.name): \(error)")
    }
  }
}
