/// The name of a resource: `entities/b2c/profileTables/customers/profiles/42` (AIP-122).
///
/// Names compare by what they mean: `profiles/%61` is `profiles/a`.
package struct ResourceName: Sendable, Hashable, CustomStringConvertible {
  /// The longest name in bytes.
  package static let maximumBytes = 2_000

  /// A collection and which of its resources.
  package struct Part: Sendable, Hashable {
    /// Such as `profileTables`.
    package var collection: String
    /// Which one.
    package var id: ResourceID

    /// A part of a name.
    package init(_ collection: String, _ id: ResourceID) {
      self.collection = collection
      self.id = id
    }
  }

  /// At least one, outermost first.
  package let parts: [Part]

  init(parts: [Part]) {
    self.parts = parts
  }

  /// Parses a name.
  ///
  /// - Throws: ``ResourceNameError`` naming the part at fault.
  package init(_ text: String) throws(ResourceNameError) {
    guard !text.isEmpty else {
      throw .empty
    }
    guard text.utf8.count <= Self.maximumBytes else {
      throw .tooLong
    }
    var parts: [Part] = []
    // By bytes: a name is parsed several times a call.
    var pieces = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)[...]
    while let piece = pieces.popFirst().map(Substring.init) {
      guard isIdentifier(piece) else {
        throw .badCollection(position: 2 * parts.count + 1)
      }
      let collection = String(piece)
      guard let id = pieces.popFirst().map(Substring.init), !id.isEmpty else {
        throw .missingID(after: collection)
      }
      parts.append(Part(collection, try ResourceID(encoded: id, collection: collection)))
    }
    self.parts = parts
  }

  /// The name of a resource within this one.
  package func child(_ collection: String, _ id: ResourceID) -> ResourceName {
    ResourceName(parts: parts + [Part(collection, id)])
  }

  /// The name without its last part; nil when it has but one.
  package var parent: ResourceName? {
    parts.count > 1 ? ResourceName(parts: parts.dropLast()) : nil
  }

  /// Which resource of a collection is meant, if the name goes through that collection.
  package subscript(_ collection: String) -> ResourceID? {
    parts.first { $0.collection == collection }?.id
  }

  /// The name as it is written, ids encoded no more than needed.
  package var description: String {
    parts.map { "\($0.collection)/\($0.id)" }.joined(separator: "/")
  }
}

/// Which resource of a collection.
package enum ResourceID: Sendable, Hashable, CustomStringConvertible {
  /// By its id.
  case id(String)
  /// By a unique attribute: `emailAddress=alice@example.test`.
  case key(field: String, value: String)
  /// Every one, in lists: `-` (AIP-159).
  case any

  /// The id as text; nil for a key and for `-`.
  package var text: String? {
    if case .id(let text) = self { text } else { nil }
  }

  /// The id as a number; nil for anything but a whole number above zero in its shortest form.
  package var number: Int64? {
    guard case .id(let text) = self, let number = Int64(text), number > 0, String(number) == text else {
      return nil
    }
    return number
  }

  init(encoded: Substring, collection: String) throws(ResourceNameError) {
    if encoded == "-" {
      self = .any
      return
    }
    if let equals = encoded.utf8.firstIndex(of: UInt8(ascii: "=")), isIdentifier(encoded[..<equals]) {
      let value = try decode(encoded[encoded.utf8.index(after: equals)...], collection: collection)
      self = .key(field: String(encoded[..<equals]), value: value)
      return
    }
    self = .id(try decode(encoded, collection: collection))
  }

  /// The id as it stands in a name. `/` and `%` are percent-encoded, and so is what would make an id read as a key or as `-`.
  package var description: String {
    switch self {
    case .id("-"): "%2D"
    case .id(let text): encode(text, alsoEquals: true)
    case .key(let field, let value): "\(field)=\(encode(value, alsoEquals: false))"
    case .any: "-"
    }
  }
}

/// Letters and digits, the first a small letter.
func isIdentifier(_ text: some StringProtocol) -> Bool {
  guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
    return false
  }
  return text.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}

private func decode(_ text: Substring, collection: String) throws(ResourceNameError) -> String {
  if !text.isEmpty, text.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "%") }) {
    return String(text)
  }
  var bytes: [UInt8] = []
  var rest = text.utf8[...]
  while let byte = rest.popFirst() {
    if byte == UInt8(ascii: "%") {
      guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
        throw .badEncoding(collection: collection)
      }
      bytes.append(high << 4 | low)
    } else {
      bytes.append(byte)
    }
  }
  guard let decoded = String(validating: bytes, as: UTF8.self), !decoded.isEmpty,
    decoded.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
  else {
    throw .badEncoding(collection: collection)
  }
  return decoded
}

private func encode(_ text: String, alsoEquals: Bool) -> String {
  guard text.utf8.contains(where: { "/%=".utf8.contains($0) }) else { return text }
  var encoded = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "/": encoded += "%2F"
    case "%": encoded += "%25"
    case "=" where alsoEquals: encoded += "%3D"
    default: encoded.unicodeScalars.append(scalar)
    }
  }
  return encoded
}

private func hexValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
