import Crypto
import ServiceKit

/// What a program proves itself with: `rk_17_` and 43 characters for 256 random bits.
///
/// It is shown once and kept as a hash only. One round of SHA-256 suffices for that: nobody guesses 256 bits.
struct KeySecret: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// The number of the key that it belongs to.
  let key: Int64
  /// The whole secret, as it is shown once.
  let text: String

  /// How many random bytes a secret has.
  private static let size = 32

  /// Draws the secret of a new key.
  init(drawnFor key: Int64, randomness: some Randomness) {
    self.key = key
    text = "rk_\(key)_" + Base64URL.encode(randomness.bytes(Self.size))
  }

  /// Reads a secret. Nil when the text cannot be one.
  init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "_"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("rk".utf8), let digits = String(parts[1]),
      let key = Int64(digits), key > 0, String(key).utf8.elementsEqual(digits.utf8),
      let bytes = Base64URL.decode(parts[2]), bytes.count == Self.size
    else {
      return nil
    }
    self.key = key
    self.text = text
  }

  /// The SHA-256 of the whole secret: 32 bytes, all that is stored.
  var hash: [UInt8] {
    Array(SHA256.hash(data: Array(text.utf8)))
  }

  /// Whether this is the secret that was stored as a hash. Takes the same time wherever they differ.
  func matches(_ stored: [UInt8]) -> Bool {
    let own = hash
    guard own.count == stored.count else { return false }
    return zip(own, stored).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// Which key, never the secret.
  var description: String { "secret of keys/\(key)" }

  /// Shows nothing.
  var customMirror: Mirror { Mirror(self, children: []) }
}
