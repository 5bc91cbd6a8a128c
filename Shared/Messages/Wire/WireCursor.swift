/// Walks the protobuf wire format, field by field.
///
/// Source: https://protobuf.dev/programming-guides/encoding. It reads what Python's implementation reads: tags and lengths of
/// at most five bytes, varints of at most ten.
struct WireCursor {
  /// What a tag says.
  struct Tag {
    let number: UInt32
    let wireType: UInt8
    /// Whether it took more bytes than it needs: such a tag is kept as it stands only if its field is unknown.
    let isOverlong: Bool
  }

  private(set) var position: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  init(_ position: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    self.position = position
    self.end = end
  }

  /// - Parameter bytes: may be empty and have no address.
  init(_ bytes: UnsafeRawBufferPointer) {
    let start = bytes.baseAddress ?? Self.nothing
    self.init(start.assumingMemoryBound(to: UInt8.self), (start + bytes.count).assumingMemoryBound(to: UInt8.self))
  }

  /// An address for no bytes at all, never read.
  private static var nothing: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 16).unsafelyUnwrapped }

  var isAtEnd: Bool { position >= end }
  var remaining: Int { end - position }

  @inline(__always)
  mutating func tag() throws(DecodingError.Reason) -> Tag {
    let first = position.pointee
    if first < 0x80 {
      position += 1
      guard first >= 8 else { throw .malformedTag }
      return Tag(number: UInt32(first >> 3), wireType: first & 7, isOverlong: false)
    }
    return try longTag()
  }

  private mutating func longTag() throws(DecodingError.Reason) -> Tag {
    let start = position
    let value = try shortVarint()
    let number = UInt32(truncatingIfNeeded: value >> 3)
    guard number > 0, number <= WireCursor.lastNumber || number == WireRewrite.escape else { throw .malformedTag }
    let length = position - start
    return Tag(number: number, wireType: UInt8(value & 7), isOverlong: value >> (7 * (length - 1)) == 0)
  }

  /// The largest field number that there is.
  static let lastNumber: UInt32 = (1 << 29) - 1

  /// A varint of at most five bytes, all 35 bits of it.
  private mutating func shortVarint() throws(DecodingError.Reason) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<5 {
      guard position < end else { throw .truncated }
      let byte = position.pointee
      position += 1
      value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      if byte < 0x80 { return value }
    }
    throw .malformedNumber
  }

  /// The length of a length-delimited field, checked to be there.
  @inline(__always)
  mutating func length() throws(DecodingError.Reason) -> Int {
    guard position < end else { throw .truncated }
    let first = position.pointee
    let length: Int
    if first < 0x80 {
      position += 1
      length = Int(first)
    } else {
      length = Int(try shortVarint())
    }
    guard length <= remaining else { throw .truncated }
    return length
  }

  /// A varint of at most ten bytes; bits beyond the 64th are dropped.
  mutating func varint() throws(DecodingError.Reason) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<10 {
      guard position < end else { throw .truncated }
      let byte = position.pointee
      position += 1
      value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      if byte < 0x80 { return value }
    }
    throw .malformedNumber
  }

  /// - Returns: the length of the varint, in bytes.
  @inline(__always) @discardableResult
  mutating func skipVarint() throws(DecodingError.Reason) -> Int {
    let limit = remaining < 10 ? remaining : 10
    var index = 0
    while index < limit {
      if position[index] < 0x80 {
        position += index + 1
        return index + 1
      }
      index += 1
    }
    throw limit < 10 ? .truncated : .malformedNumber
  }

  @inline(__always)
  mutating func skip(_ count: Int) throws(DecodingError.Reason) {
    guard count <= remaining else { throw .truncated }
    position += count
  }

  func fixed32() -> UInt32 { UInt32(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt32.self)) }
  func fixed64() -> UInt64 { UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self)) }

  /// Passes over the value behind a tag.
  ///
  /// - Parameter depth: how many more levels there may be.
  mutating func skipValue(of tag: Tag, depth: Int) throws(DecodingError.Reason) {
    switch tag.wireType {
    case 0: try skipVarint()
    case 1: try skip(8)
    case 2: position += try length()
    case 3: try skipGroup(tag.number, depth: depth)
    case 4: throw .unbalancedGroup
    case 5: try skip(4)
    default: throw .malformedTag
    }
  }

  private mutating func skipGroup(_ number: UInt32, depth: Int) throws(DecodingError.Reason) {
    guard depth > 0 else { throw .tooDeep }
    while position < end {
      let inner = try tag()
      if inner.wireType == 4 {
        guard inner.number == number else { throw .unbalancedGroup }
        return
      }
      try skipValue(of: inner, depth: depth - 1)
    }
    throw .truncated
  }
}
