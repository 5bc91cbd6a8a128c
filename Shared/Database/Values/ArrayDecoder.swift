/// The binary form of an array of one dimension (src/backend/utils/adt/arrayfuncs.c, array_send):
/// dimensions, has-nulls, element type; per dimension length and lower bound; per element its length, or −1, and bytes.
enum ArrayDecoder {
  static func decode<Element>(
    _ bytes: RawSpan, _ type: PostgresType,
    _ element: (RawSpan, PostgresType) throws(BinaryDecoder.Failure) -> Element
  ) throws(BinaryDecoder.Failure) -> [Element?] {
    guard let elementType = type.element else { throw .wrongType }
    var offset = 0
    let count = try readHeader(bytes, elementType, &offset)
    var elements: [Element?] = []
    // Each element takes at least four bytes: a false count cannot make us reserve more than the message holds.
    elements.reserveCapacity(min(count, bytes.byteCount / 4))
    for _ in 0..<count {
      let length = Int(try integer(bytes, &offset))
      if length == -1 {
        elements.append(nil)
        continue
      }
      guard length >= 0, length <= bytes.byteCount - offset else { throw .malformed }
      elements.append(try element(bytes.extracting(offset..<offset + length), elementType))
      offset += length
    }
    guard offset == bytes.byteCount else { throw .malformed }
    return elements
  }

  private static func readHeader(
    _ bytes: RawSpan, _ elementType: PostgresType, _ offset: inout Int
  ) throws(BinaryDecoder.Failure) -> Int {
    let dimensions = try integer(bytes, &offset)
    _ = try integer(bytes, &offset)
    guard UInt32(bitPattern: try integer(bytes, &offset)) == elementType.rawValue else { throw .malformed }
    if dimensions == 0 { return 0 }
    guard dimensions == 1 else { throw .wrongType }
    let count = try integer(bytes, &offset)
    _ = try integer(bytes, &offset)
    guard count >= 0 else { throw .malformed }
    return Int(count)
  }

  private static func integer(_ bytes: RawSpan, _ offset: inout Int) throws(BinaryDecoder.Failure) -> Int32 {
    do throws(MalformedValue) { return try bytes.integer(at: &offset) } catch { throw .malformed }
  }
}
