import Values

/// What an access token says: whose it is, and for how long.
struct AccessToken: Sendable, Hashable {
  /// How long a token lives at most.
  static let lifetime: Duration = .seconds(15 * 60)

  /// The number of the key that it was given for.
  let key: Int64
  /// When it was given, to the second.
  let issued: Timestamp
  /// From then on it is refused.
  let expires: Timestamp

  /// A token.
  init(key: Int64, issued: Timestamp, expires: Timestamp) {
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
      bytes += number.bigEndianBytes
    }
    return bytes
  }

  /// Reads what ``payload`` wrote; nil for anything else.
  init?(payload: some Collection<UInt8>) {
    guard payload.count == Self.payloadSize, payload.first == Self.version else { return nil }
    let numbers = Array(payload.dropFirst())
    guard let key = Int64(bigEndianBytes: numbers[0..<8]), key > 0,
      let issued = Int64(bigEndianBytes: numbers[8..<16]).flatMap({ try? Timestamp(microsecondsSinceEpoch: $0) }),
      let expires = Int64(bigEndianBytes: numbers[16..<24]).flatMap({ try? Timestamp(microsecondsSinceEpoch: $0) })
    else {
      return nil
    }
    self.init(key: key, issued: issued, expires: expires)
  }
}
