import Messages
import SampleMessages

/// Bytes as messages: what is read is written so that it is read the same, in both formats, within the limits.
///
/// The input: the type, the format, then the message.
enum CodecTarget {
  enum Format: UInt8 {
    case wire, json
  }

  /// The types that together have every kind of field. Their order is the corpus's: new ones go to the end.
  static let types: [any Message.Type] = [
    SampleV1.Scalars.self, SampleV1.Optionals.self, SampleV1.Lists.self, SampleV1.UnpackedLists.self,
    SampleV1.Maps.self, SampleV1.Choices.self, SampleV1.Node.self, SampleV1.WellKnown.self, SampleV1.Sparse.self,
    SampleV1.Nothing.self, SampleV1.SearchRequest.self, SampleV1.Shelf.self, GoogleRPC.Status.self,
    GoogleProtobuf.FileDescriptorProto.self,
  ]

  static func run(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let type = types[by: input.byte()]
    let format = [Format.wire, .json][by: input.byte()]
    do {
      switch format {
      case .wire: try runWire(type, limits: limits(&input), input.rest())
      case .json: try runJSON(type, input.rest())
      }
    } catch {
      check(false, "\(type): \(error)")
    }
  }

  private static func limits(_ input: inout FuzzInput) -> DecodingLimits {
    DecodingLimits(
      depth: Int(input.byte() % 8), elements: Int(input.byte()), arenaBytes: Int(input.byte()) << 6)
  }

  private static func runWire<Value: Message>(
    _ type: Value.Type, limits: DecodingLimits, _ bytes: [UInt8]
  ) throws {
    guard let message = try decoded(type, bytes) else {
      check((try? Value(decoding: bytes, limits: limits)) == nil, "\(type) is read within limits only")
      return
    }
    let encoded = try message.encoded()
    // What is as deep as can be may be too deep with the empty values that entries of maps have got.
    guard depth(of: encoded, type.descriptor) < DecodingLimits.standard.depth else { return }
    check(try Value(decoding: encoded).encoded() == encoded, "\(type) is written differently the second time")
    try runLimits(type, limits, bytes, encoded)
    _ = message.debugDescription
    _ = try ResourceNames.names(in: encoded, of: type.descriptor)
    if let json = try json(type, encoded) { try runWritten(type, json, depth: depth(of: encoded, type.descriptor)) }
  }

  /// - Returns: nil for bytes that are no message.
  private static func decoded<Value: Message>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value? {
    do {
      return try Value(decoding: bytes)
    } catch let error as DecodingError {
      // So few bytes cannot pass the standard limits; the scan has foreseen too little if the memory did not do.
      check(error.reason != .tooMuchMemory || bytes.count > 10_000, "\(type): \(error)")
      return nil
    }
  }

  private static func runLimits<Value: Message>(
    _ type: Value.Type, _ limits: DecodingLimits, _ bytes: [UInt8], _ encoded: [UInt8]
  ) throws {
    do {
      check(try Value(decoding: bytes, limits: limits).encoded() == encoded, "\(type) differs within limits")
      // An entry of a map that comes without its value gets an empty one, a level deeper, as in Python.
      check(depth(of: encoded, type.descriptor) <= limits.depth + 1, "\(type) is deeper than \(limits.depth)")
    } catch let error as DecodingError {
      let expected: [DecodingError.Reason] = [.tooDeep, .tooManyElements, .tooMuchMemory]
      check(expected.contains(error.reason), "\(type) within limits: \(error)")
    }
  }

  /// - Returns: nil for a message that has no JSON form.
  private static func json(_ type: any Message.Type, _ encoded: [UInt8]) throws -> [UInt8]? {
    do {
      return try JSONCodec.json(from: encoded, as: type.descriptor)
    } catch is JSONError {
      return nil
    } catch is DecodingError {
      // An Any may hold bytes that are no message.
      return nil
    }
  }

  /// JSON of our own is read, and written the same again.
  private static func runWritten(_ type: any Message.Type, _ json: [UInt8], depth: Int) throws {
    // Lists make JSON deeper than the message is; so it may be too deep to be read.
    guard depth < 30 else { return }
    let wire = try JSONCodec.wire(from: json, as: type.descriptor)
    let again = try JSONCodec.json(from: wire, as: type.descriptor)
    // All numbers of a NullValue are null, and null is "not set": the field itself is lost.
    check(again == json || text(json).contains("null"), "\(type) has two JSON forms: \(text(json)) and \(text(again))")
  }

  private static func runJSON<Value: Message>(_ type: Value.Type, _ json: [UInt8]) throws {
    let wire: [UInt8]
    do {
      wire = try JSONCodec.wire(from: json, as: type.descriptor)
    } catch is JSONError {
      return
    }
    check(try Value(decoding: wire).encoded() == wire, "\(type) of JSON is not written as messages are")
    if let written = try Self.json(type, wire) {
      try runWritten(type, written, depth: depth(of: wire, type.descriptor))
    }
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

// MARK: - A reader so simple that it is right

extension CodecTarget {
  /// How deep messages nest in a well-formed encoding.
  private static func depth(of encoded: [UInt8], _ type: MessageDescriptor) -> Int {
    var input = FuzzInput(encoded)
    var deepest = 0
    while !input.isEmpty {
      let tag = varint(&input)
      switch tag & 7 {
      case 0: _ = varint(&input)
      case 1: _ = input.bytes(8)
      case 2:
        let content = input.bytes(Int(varint(&input)))
        guard let submessage = type.field(number: Int(tag >> 3)).flatMap(type.message) else { continue }
        deepest = max(deepest, 1 + depth(of: content, submessage))
      case 5: _ = input.bytes(4)
      // The rest is unknown groups.
      default: return deepest
      }
    }
    return deepest
  }

  private static func varint(_ input: inout FuzzInput) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = input.byte()
      value |= UInt64(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 || shift > 63 { return value }
    }
  }
}
