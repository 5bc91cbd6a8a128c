/// The metadata of a call: names and values in order, a name as often as you like.
///
/// Names are lower-case ASCII. The value of a name that ends in `-bin` is bytes, any other printable ASCII
/// (grpc/doc/PROTOCOL-HTTP2.md, "Custom-Metadata"). Names starting with `grpc-` or `:` and the transport's own
/// (`te`, `content-type`, …) never appear and cannot be added.
///
/// All fields lie in one array in wire form, so that metadata which nobody reads costs little and a proxy passes it
/// on byte for byte.
public struct Metadata: Sendable {
  /// Where one field lies in `bytes`: name, then value.
  struct Field: Sendable {
    var start: UInt32
    var nameEnd: UInt32
    var valueEnd: UInt32
  }

  private(set) var bytes: [UInt8] = []
  private(set) var fields: [Field] = []

  /// No fields.
  public init() {}

  /// The number of fields.
  public var count: Int { fields.count }

  /// Whether there is no field.
  public var isEmpty: Bool { fields.isEmpty }

  /// Adds an ASCII field after the others. A field that cannot travel (see ``Metadata``) is left out.
  ///
  /// - Returns: Whether the field was added.
  @discardableResult
  public mutating func append(_ name: String, _ value: String) -> Bool {
    let name = Array(name.lowercased().utf8)
    let value = Array(value.utf8)
    guard Self.isCustom(name), !Self.isBinary(name), value.allSatisfy({ (0x20...0x7e).contains($0) }) else {
      return false
    }
    append(wireName: name, wireValue: value)
    return true
  }

  /// Adds a field of bytes after the others; its name must end in `-bin`.
  ///
  /// - Returns: Whether the field was added.
  @discardableResult
  public mutating func append(_ name: String, bytes value: [UInt8]) -> Bool {
    let name = Array(name.lowercased().utf8)
    guard Self.isCustom(name), Self.isBinary(name) else { return false }
    append(wireName: name, wireValue: Base64.encode(value))
    return true
  }

  /// Adds all fields of other metadata after these.
  public mutating func append(contentsOf other: Metadata) {
    let offset = UInt32(bytes.count)
    bytes.append(contentsOf: other.bytes)
    for field in other.fields {
      fields.append(
        Field(start: field.start + offset, nameEnd: field.nameEnd + offset, valueEnd: field.valueEnd + offset))
    }
  }

  /// Removes every field of that name.
  public mutating func removeAll(_ name: String) {
    let name = Array(name.lowercased().utf8)
    var kept = Metadata()
    for field in fields where !bytes[nameRange(field)].elementsEqual(name) {
      kept.append(wireName: bytes[nameRange(field)], wireValue: bytes[valueRange(field)])
    }
    self = kept
  }

  /// The value of the first field of that name.
  public func first(_ name: String) -> String? {
    fields.first { has($0, name) }.map { String(decoding: bytes[valueRange($0)], as: UTF8.self) }
  }

  /// The values of all fields of that name, in order.
  public func all(_ name: String) -> [String] {
    fields.filter { has($0, name) }.map { String(decoding: bytes[valueRange($0)], as: UTF8.self) }
  }

  /// The first value of that `-bin` name; nil also when it is not base64.
  public func firstBytes(_ name: String) -> [UInt8]? {
    allBytes(name).first
  }

  /// The values of that `-bin` name, in order; one field may hold several, joined by commas. What is not base64,
  /// with padding or without, is left out.
  public func allBytes(_ name: String) -> [[UInt8]] {
    fields.filter { has($0, name) }.flatMap { field in
      bytes[valueRange(field)].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .compactMap { Base64.decode($0) }
    }
  }

  /// All names with their values as they travel: those of `-bin` names in base64.
  public var all: [(name: String, value: String)] {
    fields.map {
      (
        String(decoding: bytes[nameRange($0)], as: UTF8.self), String(decoding: bytes[valueRange($0)], as: UTF8.self)
      )
    }
  }
}

extension Metadata: Hashable {
  /// Equal when names and wire values are the same, in the same order.
  public static func == (left: Metadata, right: Metadata) -> Bool {
    left.fields.count == right.fields.count
      && zip(left.fields, right.fields).allSatisfy { a, b in
        left.bytes[left.nameRange(a)].elementsEqual(right.bytes[right.nameRange(b)])
          && left.bytes[left.valueRange(a)].elementsEqual(right.bytes[right.valueRange(b)])
      }
  }

  /// Feeds names and wire values.
  public func hash(into hasher: inout Hasher) {
    for field in fields {
      hasher.combine(bytes[nameRange(field)])
      hasher.combine(bytes[valueRange(field)])
    }
  }
}

extension Metadata: CustomStringConvertible {
  /// The names only: values may be secrets.
  public var description: String {
    "[" + fields.map { String(decoding: bytes[nameRange($0)], as: UTF8.self) }.joined(separator: ", ") + "]"
  }
}

extension Metadata {
  /// Adds a field as it came from or goes to the wire, unchecked.
  mutating func append(wireName name: some Collection<UInt8>, wireValue value: some Collection<UInt8>) {
    let start = UInt32(bytes.count)
    bytes.append(contentsOf: name)
    let nameEnd = UInt32(bytes.count)
    bytes.append(contentsOf: value)
    fields.append(Field(start: start, nameEnd: nameEnd, valueEnd: UInt32(bytes.count)))
  }

  func nameRange(_ field: Field) -> Range<Int> { Int(field.start)..<Int(field.nameEnd) }

  func valueRange(_ field: Field) -> Range<Int> { Int(field.nameEnd)..<Int(field.valueEnd) }

  private func has(_ field: Field, _ name: String) -> Bool {
    let utf8 = name.utf8
    return Int(field.nameEnd - field.start) == utf8.count
      && zip(bytes[nameRange(field)], utf8).allSatisfy { $0 == $1 || $0 == ($1 | 0x20) }
  }

  /// Whether a lower-case name may be custom metadata: legal characters, not the transport's own.
  static func isCustom(_ name: [UInt8]) -> Bool {
    guard !name.isEmpty, !name.starts(with: "grpc-".utf8), !reserved.contains(name) else { return false }
    return name.allSatisfy { character in
      switch character {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }

  private static let reserved: Set<[UInt8]> = Set(
    ["te", "content-type", "connection", "host", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection"]
      .map { Array($0.utf8) })

  private static func isBinary(_ name: [UInt8]) -> Bool {
    name.suffix(4).elementsEqual("-bin".utf8)
  }
}
