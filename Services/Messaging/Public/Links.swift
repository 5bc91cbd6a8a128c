internal import Crypto
internal import Foundation
internal import ServiceKit
internal import Values

/// Makes and opens the links of messages.
///
/// Each is signed for one profile's message, so that nobody makes one for another, and dies with the profile: whoever
/// opens it looks for the message, which knows its profile no more.
struct Links: Sendable {
  /// What a link does; part of what is signed.
  enum Kind: UInt8, Sendable, CaseIterable {
    case webVersion = 1
    case open = 2
    case click = 3
    case unsubscribe = 4

    /// The first segment of its path.
    var segment: String {
      switch self {
      case .webVersion: "w"
      case .open: "o"
      case .click: "c"
      case .unsubscribe: "u"
      }
    }
  }

  /// What a link says, after its signature was checked.
  struct Link: Sendable, Hashable {
    var kind: Kind
    var message: Int64
    var profile: UInt32
    /// Where a click leads; empty for the others.
    var target = ""
  }

  private static let tagLength = 16
  private static let headLength = 13

  /// What every link begins with: the base and the prefix of this service.
  let prefix: String
  /// Keyed once: each copy of it goes on from there.
  private let keyedHash: HMAC<SHA256>

  /// - Parameters:
  ///   - base: without a slash at its end.
  ///   - secret: at least 32 bytes.
  init(base: String, secret: String) {
    prefix = "\(base)/m/"
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)), info: Data("rapport message links".utf8),
      outputByteCount: 32)
    keyedHash = HMAC<SHA256>(key: key)
  }

  /// The address of a link.
  func url(_ link: Link) -> String {
    var payload: [UInt8] = []
    payload.reserveCapacity(Self.headLength + link.target.utf8.count + Self.tagLength)
    payload.append(link.kind.rawValue)
    withUnsafeBytes(of: link.message.bigEndian) { payload += $0 }
    withUnsafeBytes(of: link.profile.bigEndian) { payload += $0 }
    payload += link.target.utf8
    payload += tag(of: payload)
    return "\(prefix)\(link.kind.segment)/\(Base64URL.encode(payload))"
  }

  /// What the path behind the prefix says; nil unless it is a link that we made.
  func open(_ path: String) -> Link? {
    let parts = path.drop { $0 == "/" }.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let kind = Kind.allCases.first(where: { $0.segment == parts[0] }),
      let bytes = Base64URL.decode(parts[1].utf8), bytes.count >= Self.headLength + Self.tagLength
    else { return nil }
    let payload = Array(bytes.dropLast(Self.tagLength))
    guard Self.isSame(tag(of: payload), bytes.suffix(Self.tagLength)), payload[0] == kind.rawValue,
      let message = Int64(bigEndianBytes: Array(payload[1..<9])),
      let target = String(validating: payload.dropFirst(Self.headLength), as: UTF8.self)
    else { return nil }
    let profile = payload[9..<13].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Link(kind: kind, message: message, profile: profile, target: target)
  }

  /// A keyed hash of an address, by which it is known without being kept.
  func hash(ofAddress address: String) -> [UInt8] {
    code(of: Array("address \(address.lowercased())".utf8))
  }

  /// What tells a message from all others in its Message-ID: nobody guesses it, and it is the same each time.
  func messageID(of message: Int64, domain: String) -> String {
    let code = code(of: Array("message \(message)".utf8))
    return "\(message).\(Base64URL.encode(Array(code.prefix(12))))@\(domain)"
  }

  private func tag(of payload: [UInt8]) -> ArraySlice<UInt8> {
    code(of: payload).prefix(Self.tagLength)
  }

  private func code(of bytes: [UInt8]) -> [UInt8] {
    var hash = keyedHash
    hash.update(data: bytes)
    return hash.finalize().withUnsafeBytes { Array($0) }
  }

  /// Takes the same time wherever the two differ.
  private static func isSame(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
    one.count == other.count && zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
