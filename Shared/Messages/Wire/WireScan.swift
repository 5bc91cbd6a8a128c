internal import CMessages

/// Looks a message over before protobuf-c unpacks it.
///
/// protobuf-c has no limits: 400 KB of nested messages end its stack, 4 MB of empty ones take 160 MB. The scan walks the
/// bytes once by protobuf-c's own descriptors, refuses what is damaged or beyond the limits, and counts what unpacking
/// will allocate, so that one block serves it. What protobuf-c would refuse or get wrong though it is valid, the scan
/// marks for ``WireRewrite``.
struct WireScan {
  /// An upper bound of what protobuf-c allocates for the message, in bytes, each allocation rounded up to 8.
  private(set) var arenaBytes = 0

  /// Whether protobuf-c must be given a rewritten form.
  private(set) var needsRewrite = false

  private let limits: DecodingLimits
  private let isRewritten: Bool
  private var elements = 0

  /// - Parameter isRewritten: the bytes come from ``WireRewrite``, and may hold its escapes.
  /// - Throws: ``DecodingError``.
  init(
    _ bytes: UnsafeRawBufferPointer, of type: UnsafePointer<ProtobufCMessageDescriptor>, limits: DecodingLimits,
    isRewritten: Bool = false
  ) throws(DecodingError) {
    self.limits = limits
    self.isRewritten = isRewritten
    guard bytes.count <= Int(Int32.max) else { throw DecodingError(.tooMuchMemory, message: type.name) }
    try scan(WireCursor(bytes), of: type, depth: limits.depth)
  }

  private mutating func scan(
    _ start: WireCursor, of type: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
  ) throws(DecodingError) {
    var cursor = start
    var members = 0
    var seen = SeenFields()
    arenaBytes += Self.rounded(type.pointee.sizeof_message)
    while !cursor.isAtEnd {
      members += 1
      var number: UInt32 = 0
      do throws(DecodingError.Reason) {
        let tag = try cursor.tag()
        number = tag.number
        let field = type.field(number)
        if let field, !field.pointee.isRepeated, seen.mustRewrite(field, of: type) { needsRewrite = true }
        if let field, field.pointee.isMessage, tag.wireType == 2 {
          let length = try cursor.length()
          let sub = WireCursor(cursor.position, cursor.position + length)
          try cursor.skip(length)
          elements += 1
          if field.pointee.isRepeated { arenaBytes += 8 }
          guard depth > 0 else { throw .tooDeep }
          guard let subtype = field.pointee.messageType else { continue }
          try nested(sub, of: subtype, depth: depth - 1)
        } else if let field {
          try value(of: field, tag, &cursor, depth: depth)
        } else {
          try unknown(tag, &cursor, depth: depth)
        }
        if elements > limits.elements { throw .tooManyElements }
        if arenaBytes > limits.arenaBytes { throw .tooMuchMemory }
      } catch {
        throw nestedError ?? DecodingError(error, message: type.name, field: Int(number))
      }
    }
    arenaBytes += Self.bookkeeping(members: members, fields: Int(type.pointee.n_fields))
    if arenaBytes > limits.arenaBytes { throw DecodingError(.tooMuchMemory, message: type.name) }
  }

  /// The error of an inner message, which names its place better than the outer one can.
  private var nestedError: DecodingError?

  private mutating func nested(
    _ cursor: WireCursor, of type: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
  ) throws(DecodingError.Reason) {
    do {
      try scan(cursor, of: type, depth: depth)
    } catch {
      nestedError = error
      throw error.reason
    }
  }

  /// A field that is known and no message.
  @inline(__always)
  private mutating func value(
    of field: UnsafePointer<ProtobufCFieldDescriptor>, _ tag: WireCursor.Tag, _ cursor: inout WireCursor, depth: Int
  ) throws(DecodingError.Reason) {
    let wireType = field.pointee.wireType
    if tag.wireType == wireType {
      if field.pointee.isRepeated {
        elements += 1
        arenaBytes += Self.rounded(field.pointee.elementSize)
      }
      switch wireType {
      case 0:
        // A tenth byte has one bit that counts, but protobuf-c takes any for true.
        if try cursor.skipVarint() == 10, field.pointee.isBool { needsRewrite = true }
      case 1: try cursor.skip(8)
      case 2:
        let length = try cursor.length()
        arenaBytes += Self.rounded(length)
        try cursor.skip(length)
      default: try cursor.skip(4)
      }
    } else if tag.wireType == 2, field.pointee.isRepeated, wireType != 2 {
      try packed(field, &cursor)
    } else {
      try unknown(tag, &cursor, depth: depth)
      needsRewrite = true
    }
  }

  private mutating func packed(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ cursor: inout WireCursor
  ) throws(DecodingError.Reason) {
    let length = try cursor.length()
    var values = WireCursor(cursor.position, cursor.position + length)
    try cursor.skip(length)
    let count: Int
    switch field.pointee.wireType {
    case 1, 5:
      let size = field.pointee.elementSize
      guard length % size == 0 else { throw .truncated }
      count = length / size
    default:
      var found = 0
      while !values.isAtEnd {
        if field.pointee.isBool, values.position.pointee > 1 { needsRewrite = true }
        try values.skipVarint()
        found += 1
      }
      count = found
    }
    elements += count
    arenaBytes += Self.rounded(count * field.pointee.elementSize)
  }

  private mutating func unknown(
    _ tag: WireCursor.Tag, _ cursor: inout WireCursor, depth: Int
  ) throws(DecodingError.Reason) {
    if tag.number > WireCursor.lastNumber, !isRewritten { throw .malformedTag }
    let start = cursor.position
    try cursor.skipValue(of: tag, depth: depth)
    if tag.isOverlong || tag.wireType == 3 { needsRewrite = true }
    elements += 1
    arenaBytes += MemoryLayout<ProtobufCMessageUnknownField>.stride + Self.rounded(cursor.position - start)
  }

  /// What protobuf-c notes of each member (32 bytes, in slabs that double after the first 16 on its stack), and one bit a
  /// field beyond 128 fields.
  private static func bookkeeping(members: Int, fields: Int) -> Int {
    var bytes = fields > 128 ? rounded((fields + 7) / 8) : 0
    var room = 16
    var slab = 32
    while members > room {
      bytes += 32 * slab
      room += slab
      slab *= 2
    }
    return bytes
  }

  @inline(__always)
  private static func rounded(_ size: Int) -> Int { (size + 7) & ~7 }
}

/// Which singular fields a message has had.
///
/// A second submessage is to be merged with the first: protobuf-c replaces that of a oneof, and its merging of others loses
/// an empty text that was set. A text that is replaced must be UTF-8 all the same, and nobody would look at it. So
/// what comes twice is for ``WireRewrite``; a false alarm does no harm.
private struct SeenFields {
  private var first: UInt64 = 0
  private var second: UInt64 = 0
  private var oneofs: UInt64 = 0
  private var lastIndex = 0

  /// Notes a singular field, and says whether it, or another one of its oneof, may have come before and that matters.
  @inline(__always)
  mutating func mustRewrite(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, of type: UnsafePointer<ProtobufCMessageDescriptor>
  ) -> Bool {
    if field.pointee.isInOneof {
      let bit: UInt64 = 1 << UInt64(field.pointee.quantifier_offset >> 2 & 63)
      defer { oneofs |= bit }
      return oneofs & bit != 0
    }
    guard field.pointee.wireType == 2 else { return false }
    let index = field - type.pointee.fields
    let bit: UInt64 = 1 << UInt64(index & 63)
    if index < 64 {
      defer { first |= bit }
      return first & bit != 0
    }
    if index < 128 {
      defer { second |= bit }
      return second & bit != 0
    }
    // Beyond 128 fields: fields in order are no repetition.
    defer { lastIndex = max(lastIndex, index) }
    return index <= lastIndex
  }
}
