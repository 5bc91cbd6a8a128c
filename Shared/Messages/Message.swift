/// A protobuf message as a Swift value.
///
/// Every message of the suite is a struct generated from `Proto/`. Absent scalars hold their proto3 default; `optional`
/// scalars and submessages are Swift optionals; what a newer peer sends and this build does not know stays in
/// ``unknownFields`` and is sent on.
public protocol Message: Sendable, Hashable, CustomDebugStringConvertible {
  /// A message with nothing set.
  init()

  /// What the message is made of: for JSON, for reflection, and for finding the resources that it names.
  static var descriptor: MessageDescriptor { get }

  /// Fields that this build does not know, as they stood on the wire, in order.
  var unknownFields: [UInt8] { get set }

  /// Reads a message from the protobuf wire format.
  ///
  /// - Parameters:
  ///   - bytes: the whole message; not kept.
  ///   - limits: what is refused before any memory is taken for it.
  /// - Throws: ``DecodingError``, which names what is wrong.
  init(decoding bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws

  /// Writes the message in the protobuf wire format into memory that the caller provides.
  ///
  /// The encoding is deterministic: fields by number, maps by key, unknown fields last.
  ///
  /// - Parameter allocate: called once with the exact size in bytes; returns at least as much memory.
  /// - Throws: ``EncodingError``, or what `allocate` throws.
  func encode(into allocate: (_ size: Int) throws -> UnsafeMutableRawBufferPointer) throws

  /// The message in the protobuf wire format, as ``encode(into:)`` writes it.
  ///
  /// - Throws: ``EncodingError``.
  func encoded() throws -> [UInt8]
}

extension Message {
  /// Reads a message from the protobuf wire format.
  ///
  /// - Throws: ``DecodingError``, which names what is wrong.
  public init(decoding bytes: [UInt8], limits: DecodingLimits = .standard) throws {
    self = try bytes.withUnsafeBytes { try Self(decoding: $0, limits: limits) }
  }

  /// A message that `fill` completes.
  public static func with(_ fill: (inout Self) throws -> Void) rethrows -> Self {
    var message = Self()
    try fill(&message)
    return message
  }

  /// Name and content, as JSON, without the values that can tell who a person is: safe to log.
  public var debugDescription: String {
    var options = JSONCodec.Options()
    options.hidesPersonal = true
    let json = try? JSONCodec.json(from: encoded(), as: Self.descriptor, options: options)
    return "\(Self.descriptor.name) \(json.map { String(decoding: $0, as: UTF8.self) } ?? "without JSON form")"
  }
}
