/// A request's target in origin form: path and query (RFC 9112 §3.2.1).
package struct HTTPTarget: Sendable, Hashable {
  /// The path's segments, percent-decoded, so that an encoded `/` stays inside its segment. `/` has one empty segment.
  package let segments: [String]
  /// The path as sent.
  package let path: String
  /// The text after `?` as sent; nil without `?`.
  package let query: String?

  /// Parses a target.
  ///
  /// - Returns: nil unless the target starts with `/` (or is an absolute http URL, which RFC 9112 §3.2.2 tells servers
  ///   to accept) and its percent-encodings are complete and decode to UTF-8 without NUL, and no segment is `.` or `..`.
  package init?(_ text: String) {
    var rest = text[...]
    if let authority = ["http://", "https://"].first(where: { rest.hasPrefix($0) }) {
      rest = rest.dropFirst(authority.count).drop { $0 != "/" }
    }
    guard rest.first == "/" else {
      return nil
    }
    let path = rest.prefix { $0 != "?" }
    var segments: [String] = []
    for piece in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = percentDecoded(piece.utf8, plusIsSpace: false), segment != ".", segment != ".." else {
        return nil
      }
      segments.append(segment)
    }
    self.segments = segments
    self.path = String(path)
    self.query = path.endIndex == rest.endIndex ? nil : String(rest[rest.index(after: path.endIndex)...])
  }

  init(rootSegments: [String]) {
    segments = rootSegments
    path = "/"
    query = nil
  }

  /// The query as fields in order; nil when its encoding is broken.
  package var queryFields: [HTTPField]? {
    HTTPField.parse((query ?? "").utf8)
  }
}

/// One name and value of a query or of a form body (WHATWG URL, application/x-www-form-urlencoded).
package struct HTTPField: Sendable, Hashable {
  /// The decoded name.
  package let name: String
  /// The decoded value; empty when there is no `=`.
  package let value: String

  /// Makes a field.
  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Parses `a=1&b=2`, `+` being a space.
  ///
  /// - Returns: nil when an encoding is broken, does not decode to UTF-8, or holds a NUL.
  package static func parse(_ bytes: some Collection<UInt8>) -> [HTTPField]? {
    var fields: [HTTPField] = []
    for piece in bytes.split(separator: UInt8(ascii: "&")) {
      let name = piece.prefix { $0 != UInt8(ascii: "=") }
      guard let decodedName = percentDecoded(name, plusIsSpace: true),
        let value = percentDecoded(piece.dropFirst(name.count + 1), plusIsSpace: true)
      else {
        return nil
      }
      fields.append(HTTPField(name: decodedName, value: value))
    }
    return fields
  }
}

/// Undoes percent-encoding (RFC 3986 §2.1).
///
/// - Returns: nil when a `%` lacks its two digits, or the result is not UTF-8 or holds a NUL.
private func percentDecoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool) -> String? {
  var decoded: [UInt8] = []
  decoded.reserveCapacity(bytes.count)
  var rest = bytes.makeIterator()
  while let byte = rest.next() {
    switch byte {
    case UInt8(ascii: "%"):
      guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else {
        return nil
      }
      decoded.append(high << 4 | low)
    case UInt8(ascii: "+") where plusIsSpace:
      decoded.append(UInt8(ascii: " "))
    default:
      decoded.append(byte)
    }
  }
  guard !decoded.contains(0) else {
    return nil
  }
  return String(validating: decoded, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
