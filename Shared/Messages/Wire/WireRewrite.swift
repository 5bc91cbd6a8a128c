internal import CMessages

/// Gives a message that protobuf-c would refuse or misread a form that it reads rightly.
///
/// - A submessage that comes twice is merged: the two encodings, one behind the other, are the encoding of the merged one.
///   In a oneof, a field between them drops the first.
/// - Unknown groups, known fields of another wire type, and overlong tags travel as they stand within one unknown field of
///   a number that no message can have, ``escape``.
/// - Booleans become 0 or 1: protobuf-c refuses other packed ones, and misreads bits beyond the 64th.
///
/// Every text is checked to be UTF-8 on the way, those that a later one replaces too.
///
/// The bytes must have passed ``WireScan``.
struct WireRewrite {
  /// The number of the unknown field that carries others as they stand: the first one beyond protobuf's own range.
  static let escape: UInt32 = 1 << 29

  private var output: [UInt8] = []
  private var pending: [Submessage] = []
  private var oneofCases: [UInt32: UInt32] = [:]

  private let descriptor: MessageDescriptor

  private init(_ descriptor: MessageDescriptor) { self.descriptor = descriptor }

  private struct Submessage {
    let field: UnsafePointer<ProtobufCFieldDescriptor>
    var bytes: [UInt8]
  }

  static func rewritten(
    _ bytes: UnsafeRawBufferPointer, of type: UnsafePointer<ProtobufCMessageDescriptor>,
    _ descriptor: MessageDescriptor
  ) throws(DecodingError) -> [UInt8] {
    do throws(DecodingError.Reason) {
      return try rewrittenFields(bytes, of: type, descriptor)
    } catch {
      throw DecodingError(error, message: type.name)
    }
  }

  private static func rewrittenFields(
    _ bytes: UnsafeRawBufferPointer, of type: UnsafePointer<ProtobufCMessageDescriptor>,
    _ descriptor: MessageDescriptor
  ) throws(DecodingError.Reason) -> [UInt8] {
    var rewrite = WireRewrite(descriptor)
    var cursor = WireCursor(bytes)
    while !cursor.isAtEnd {
      let start = cursor.position
      let tag = try cursor.tag()
      let field = type.field(tag.number)
      let valueStart = cursor.position
      try cursor.skipValue(of: tag, depth: .max)
      let whole = UnsafeRawBufferPointer(start: start, count: cursor.position - start)
      let value = UnsafeRawBufferPointer(start: valueStart, count: cursor.position - valueStart)
      try rewrite.add(field, tag, whole, value)
    }
    for submessage in rewrite.pending {
      try rewrite.append(submessage.field, submessage.bytes)
    }
    return rewrite.output
  }

  private mutating func add(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>?, _ tag: WireCursor.Tag, _ whole: UnsafeRawBufferPointer,
    _ value: UnsafeRawBufferPointer
  ) throws(DecodingError.Reason) {
    guard let field else {
      if tag.isOverlong || tag.wireType == 3 { escape(whole) } else { output += whole }
      return
    }
    let isPacked = tag.wireType == 2 && field.pointee.isRepeated && field.pointee.wireType != 2
    guard isPacked || tag.wireType == field.pointee.wireType else { return escape(whole) }
    if tag.wireType == 2, !isPacked, descriptor.field(number: Int(tag.number))?.type == .string {
      var text = WireCursor(value)
      _ = try text.length()
      guard text.text() != nil else { throw .invalidUTF8 }
    }
    if field.pointee.isInOneof { try choose(field) }
    if field.pointee.isMessage {
      var payload = WireCursor(value)
      let length = try payload.length()
      let bytes = UnsafeRawBufferPointer(start: payload.position, count: length)
      if field.pointee.isRepeated { try append(field, [UInt8](bytes)) } else { merge(field, bytes) }
    } else if isPacked, field.pointee.isBool {
      try appendBools(field, value)
    } else if field.pointee.isBool {
      var bool = WireCursor(value)
      output.appendVarint(UInt64(tag.number) << 3)
      output.append(try bool.varint() == 0 ? 0 : 1)
    } else {
      output += whole
    }
  }

  /// Drops the submessage that the oneof held if it now holds another field; its texts must be UTF-8 all the same.
  private mutating func choose(_ field: UnsafePointer<ProtobufCFieldDescriptor>) throws(DecodingError.Reason) {
    let oneof = field.pointee.quantifier_offset
    guard let last = oneofCases.updateValue(field.pointee.id, forKey: oneof), last != field.pointee.id,
      let index = pending.firstIndex(where: { $0.field.pointee.id == last })
    else { return }
    let dropped = pending.remove(at: index)
    _ = try rewritten(dropped.bytes, of: dropped.field)
  }

  private mutating func merge(_ field: UnsafePointer<ProtobufCFieldDescriptor>, _ bytes: UnsafeRawBufferPointer) {
    if let index = pending.firstIndex(where: { $0.field == field }) {
      pending[index].bytes += bytes
    } else {
      pending.append(Submessage(field: field, bytes: [UInt8](bytes)))
    }
  }

  private mutating func append(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ bytes: [UInt8]
  ) throws(DecodingError.Reason) {
    appendDelimited(field.pointee.id, try rewritten(bytes, of: field))
  }

  /// A submessage in its new form.
  private func rewritten(
    _ bytes: [UInt8], of field: UnsafePointer<ProtobufCFieldDescriptor>
  ) throws(DecodingError.Reason) -> [UInt8] {
    guard let type = field.pointee.messageType,
      let inner = descriptor.field(number: Int(field.pointee.id)).flatMap(descriptor.message)
    else { return [] }
    let result: Result<[UInt8], DecodingError.Reason> = bytes.withUnsafeBytes { bytes in
      do throws(DecodingError.Reason) { return .success(try Self.rewrittenFields(bytes, of: type, inner)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private mutating func appendBools(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ value: UnsafeRawBufferPointer
  ) throws(DecodingError.Reason) {
    var cursor = WireCursor(value)
    _ = try cursor.length()
    var bools: [UInt8] = []
    while !cursor.isAtEnd { bools.append(try cursor.varint() == 0 ? 0 : 1) }
    appendDelimited(field.pointee.id, bools)
  }

  private mutating func escape(_ whole: UnsafeRawBufferPointer) { appendDelimited(Self.escape, whole) }

  private mutating func appendDelimited(_ number: UInt32, _ bytes: some Collection<UInt8>) {
    output.appendVarint(UInt64(number) << 3 | 2)
    output.appendVarint(UInt64(bytes.count))
    output += bytes
  }
}

extension [UInt8] {
  mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
