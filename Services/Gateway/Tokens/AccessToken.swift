package import Values

/// What an access token says: whose it is, and for how long.
package struct AccessToken: Sendable, Hashable {
  /// How long a token lives at most.
  package static let lifetime: Duration = .seconds(15 * 60)

  /// The number of the key that it was given for.
  package let key: Int64
  /// When it was given, to the second.
  package let issued: Timestamp
  /// From then on it is refused.
  package let expires: Timestamp

  /// A token.
  package init(key: Int64, issued: Timestamp, expires: Timestamp) {
    self.key = key
    self.issued = issued
    self.expires = expires
  }
}

extension AccessToken {
  private static let version: UInt8 = 1
  static let payloadSize = 25

  /// Version, then key, issue and expiry as big-endian numbers; the times in microseconds since 1970.
  var payload: [UInt8] {
    var bytes = [Self.version]
    for number in [key, issued.microsecondsSinceEpoch, expires.microsecondsSinceEpoch] {
      withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// Reads what ``payload`` wrote; nil for anything else.
  init?(payload: some Collection<UInt8>) {
    guard payload.count == Self.payloadSize, payload.first == Self.version else { return nil }
    var rest = payload.dropFirst()
    func number() -> Int64 {
      let value = rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      rest = rest.dropFirst(8)
      return Int64(bitPattern: value)
    }
    let (key, issued, expires) = (number(), number(), number())
    guard key > 0, let issued = try? Timestamp(microsecondsSinceEpoch: issued),
      let expires = try? Timestamp(microsecondsSinceEpoch: expires)
    else {
      return nil
    }
    self.init(key: key, issued: issued, expires: expires)
  }
}
