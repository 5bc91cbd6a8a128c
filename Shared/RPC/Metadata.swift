/// The metadata of a call: names and values in order, a name as often as you like.
///
/// Names are lower-case ASCII. The value of a name that ends in `-bin` is bytes, any other printable ASCII
/// (grpc/doc/PROTOCOL-HTTP2.md, "Custom-Metadata"). Names starting with `grpc-` or `:` and the transport's own
/// (`te`, `content-type`, …) never appear and cannot be added.
///
/// Fields are kept in wire form, so that metadata which nobody reads costs little and a proxy passes it on byte for
/// byte.
public struct Metadata: Sendable, Hashable {
  private(set) var block = HeaderBlock()

  /// No fields.
  public init() {}

  /// The number of fields.
  public var count: Int { block.fields.count }

  /// The bytes of all names and values.
  public var size: Int { block.bytes.count }

  /// Whether there is no field.
  public var isEmpty: Bool { block.fields.isEmpty }

  /// Adds an ASCII field after the others. A field that cannot travel (see ``Metadata``) is left out.
  ///
  /// - Returns: Whether the field was added.
  @discardableResult
  public mutating func append(_ name: String, _ value: String) -> Bool {
    var (name, value) = (Self.lowercased(name), value)
    return name.withUTF8 { name in
      value.withUTF8 { value in
        guard Self.isCustom(name), !Self.isBinary(name), value.allSatisfy({ (0x20...0x7e).contains($0) }) else {
          return false
        }
        block.append(name, value)
        return true
      }
    }
  }

  /// Adds a field of bytes after the others; its name must end in `-bin`.
  ///
  /// - Returns: Whether the field was added.
  @discardableResult
  public mutating func append(_ name: String, bytes value: [UInt8]) -> Bool {
    var name = Self.lowercased(name)
    return name.withUTF8 { name in
      guard Self.isCustom(name), Self.isBinary(name) else { return false }
      block.append(name, Base64.encode(value))
      return true
    }
  }

  /// Adds all fields of other metadata after these.
  public mutating func append(contentsOf other: Metadata) {
    block.append(contentsOf: other.block)
  }

  /// Adds those fields of other metadata whose name, lower-case ASCII, is wanted.
  public mutating func append(contentsOf other: Metadata, where isWanted: (ArraySlice<UInt8>) -> Bool) {
    for field in other.block.fields where isWanted(other.block.bytes[field.name]) {
      block.append(field, of: other.block)
    }
  }

  /// Makes room for so many more fields, whose names and values have so many bytes.
  public mutating func reserve(fields: Int, bytes: Int) {
    block.reserve(bytes: bytes, fields: fields)
  }

  /// The value of the first field of that name.
  public func first(_ name: String) -> String? {
    block.fields.first { has($0, name) }.map(block.value)
  }

  /// The values of all fields of that name, in order.
  public func all(_ name: String) -> [String] {
    block.fields.filter { has($0, name) }.map(block.value)
  }

  /// The value of the first field of that name, as it came, and whether there is no other.
  public func rawValue(_ name: String) -> (value: ArraySlice<UInt8>, isOnly: Bool)? {
    guard let first = block.fields.firstIndex(where: { has($0, name) }) else { return nil }
    let isOnly = !block.fields[(first + 1)...].contains { has($0, name) }
    return (block.bytes[block.fields[first].value], isOnly)
  }

  /// Whether there is a field of that name.
  public func contains(_ name: String) -> Bool {
    block.fields.contains { has($0, name) }
  }

  /// The first value of that `-bin` name; nil also when it is not base64.
  public func firstBytes(_ name: String) -> [UInt8]? {
    allBytes(name).first
  }

  /// The values of that `-bin` name, in order; one field may hold several, joined by commas. What is not base64,
  /// with padding or without, is left out.
  public func allBytes(_ name: String) -> [[UInt8]] {
    block.fields.filter { has($0, name) }.flatMap { field in
      block.bytes[field.value].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .compactMap { Base64.decode($0) }
    }
  }

  /// All names with their values as they travel: those of `-bin` names in base64.
  public var all: [(name: String, value: String)] {
    block.fields.map { (block.name($0), block.value($0)) }
  }

  private func has(_ field: HeaderBlock.Field, _ name: String) -> Bool {
    field.name.count == name.utf8.count
      && block.bytes[field.name].elementsEqual(name.utf8) { $0 == $1 || $0 == ($1 | 0x20) }
  }
}

extension Metadata: CustomStringConvertible {
  /// The names only: values may be secrets.
  public var description: String {
    "[" + block.fields.map(block.name).joined(separator: ", ") + "]"
  }
}

extension Metadata {
  /// Makes room for some fields of a header block.
  mutating func reserve(for fields: Range<Int>, of other: HeaderBlock) {
    guard let first = other.fields[fields].first, let last = other.fields[fields].last else { return }
    block.reserve(bytes: Int(last.valueEnd - first.start), fields: fields.count)
  }

  /// Adds a field as it came from the wire, if it is custom metadata.
  mutating func appendIfCustom(_ field: HeaderBlock.Field, of other: HeaderBlock) {
    guard other.bytes[field.name].withUnsafeBufferPointer(Self.isCustom) else { return }
    block.append(field, of: other)
  }

  /// Whether a lower-case name may be custom metadata: legal characters, not the transport's own.
  private static func isCustom(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    guard !name.isEmpty, !name.starts(with: "grpc-".utf8), !isReserved(name) else { return false }
    return name.allSatisfy { character in
      switch character {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }

  private static func lowercased(_ name: String) -> String {
    name.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ? name.lowercased() : name
  }

  private static let reserved: [StaticString] = [
    "te", "content-type", "connection", "host", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection",
    "content-length",
  ]

  private static func isReserved(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    reserved.contains { $0.utf8.count == name.count && $0.utf8.elementsEqual(name) }
  }

  private static func isBinary(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    name.suffix(4).elementsEqual("-bin".utf8)
  }
}
