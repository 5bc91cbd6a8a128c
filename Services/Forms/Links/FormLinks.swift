internal import Crypto
internal import Foundation
internal import Messages
internal import ServiceKit
internal import Values

/// Makes and opens the addresses at which people answer.
///
/// An address is a capability: whoever has it may answer, and nobody makes one without the secret. Its last part is
/// base64url of the kind, the numbers of entity, form and profile, the sealed answers of hidden questions, and 16 bytes
/// of an HMAC-SHA256 over all of it.
struct FormLinks: Sendable {
  /// The segment that the gateway keeps for this service's pages.
  static let prefix = "f"
  /// The longest path that is looked at.
  private static let longestPath = 8_000
  private static let codeBytes = 16
  private static let openKind: UInt8 = 1
  private static let personalKind: UInt8 = 2

  private let base: String
  private let signing: SymmetricKey
  private let sealing: SymmetricKey

  /// - Parameters:
  ///   - base: what the public pages' addresses begin with, without a slash at the end.
  ///   - secret: at least 32 bytes.
  init(base: String, secret: [UInt8]) {
    self.base = base
    let input = SymmetricKey(data: secret)
    func key(_ use: String) -> SymmetricKey {
      HKDF<SHA256>.deriveKey(inputKeyMaterial: input, info: Data(use.utf8), outputByteCount: 32)
    }
    signing = key("rapport forms: links")
    sealing = key("rapport forms: answers in links")
  }

  /// The whole address of a link.
  func url(of link: FormLink) throws -> String {
    url(path: try path(of: link))
  }

  /// The whole address of a path that a link has.
  func url(path: String) -> String {
    "\(base)/\(Self.prefix)/\(path)"
  }

  /// What stands behind the prefix.
  func path(of link: FormLink) throws -> String {
    var bytes = [link.profile == nil ? Self.openKind : Self.personalKind]
    bytes += link.entity.bigEndianBytes + link.form.bigEndianBytes
    if let profile = link.profile { bytes += Int64(profile).bigEndianBytes.suffix(4) }
    if !link.hidden.isEmpty { bytes += try seal(link.hidden) }
    return Base64URL.encode(bytes + code(of: bytes))
  }

  /// The link of a path; nil for one that was not made here.
  func open(_ path: String) -> FormLink? {
    guard path.utf8.count <= Self.longestPath, let bytes = Base64URL.decode(path.utf8), bytes.count > Self.codeBytes
    else { return nil }
    let signed = Array(bytes.dropLast(Self.codeBytes))
    guard Self.areEqual(code(of: signed), Array(bytes.suffix(Self.codeBytes))) else { return nil }
    return read(signed)
  }

  private func read(_ bytes: [UInt8]) -> FormLink? {
    guard bytes.count >= 17, let entity = Int64(bigEndianBytes: bytes[1..<9]),
      let form = Int64(bigEndianBytes: bytes[9..<17])
    else { return nil }
    if bytes[0] == Self.openKind { return bytes.count == 17 ? .open(entity: entity, form: form) : nil }
    guard bytes[0] == Self.personalKind, bytes.count >= 21 else { return nil }
    let profile = bytes[17..<21].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard let hidden = bytes.count == 21 ? [:] : unseal(bytes[21...]) else { return nil }
    return .personal(entity: entity, form: form, profile: profile, hidden: hidden)
  }

  // MARK: - Codes

  private func code(of bytes: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: signing).prefix(Self.codeBytes))
  }

  /// Takes the same time wherever they differ.
  private static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  // Sealed and not only signed: they are not for the eyes of who answers.
  private func seal(_ hidden: [String: String]) throws -> [UInt8] {
    var message = FormsV1.CreatePersonalLinkRequest()
    message.hidden = hidden
    let box = try AES.GCM.seal(message.encoded(), using: sealing)
    return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
  }

  private func unseal(_ bytes: ArraySlice<UInt8>) -> [String: String]? {
    guard let box = try? AES.GCM.SealedBox(combined: bytes), let opened = try? AES.GCM.open(box, using: sealing) else {
      return nil
    }
    return try? FormsV1.CreatePersonalLinkRequest(decoding: Array(opened)).hidden
  }
}
