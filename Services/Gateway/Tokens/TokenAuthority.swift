import Crypto
import Foundation
import ServiceKit
import Values

/// Gives out tokens and tells its own from others.
///
/// A token is `rt_`, then, in the alphabet of URLs, what it says and an Ed25519 signature (RFC 8032). The purpose is part
/// of what is signed, so that nothing that the same key signs for another purpose is ever a token.
struct TokenAuthority: Sendable {
  /// Why a text is not a token that holds.
  enum Refusal: Error, Sendable, Hashable {
    /// It is no token, or was not signed by this key for this purpose.
    case invalid
    /// It was one, and its time is over.
    case expired
  }

  private static let prefix = Array("rt_".utf8)
  private static let signatureSize = 64
  private static let textSize = prefix.count + ((AccessToken.payloadSize + signatureSize) * 4 + 2) / 3

  private let key: Curve25519.Signing.PrivateKey
  private let context: [UInt8]

  /// - Parameters:
  ///   - key: the same at every copy of the gateway.
  ///   - purpose: what the tokens are for; those of another purpose are refused as forged ones are.
  init(key: Curve25519.Signing.PrivateKey, purpose: String = "calls of the API") {
    self.key = key
    // The zero byte ends the context: no context is the beginning of another.
    context = Array("rapport.access.v1.AccessToken for \(purpose)".utf8) + [0]
  }

  /// The text of a token.
  ///
  /// - Throws: what the signing throws, which it does only when the key is damaged.
  func sign(_ token: AccessToken) throws -> String {
    let payload = token.payload
    let signature = try key.signature(for: context + payload)
    return String(decoding: Self.prefix, as: UTF8.self) + Base64URL.encode(payload + Array(signature))
  }

  /// Reads a token of this authority.
  ///
  /// - Throws: ``Refusal``. The signature is checked before anything that the token says is looked at.
  func verify(_ text: some StringProtocol, at now: Timestamp) throws(Refusal) -> AccessToken {
    let characters = Array(text.utf8)
    guard characters.count == Self.textSize, characters.starts(with: Self.prefix),
      let bytes = Base64URL.decode(characters.dropFirst(Self.prefix.count))
    else {
      throw .invalid
    }
    let payload = Array(bytes.prefix(AccessToken.payloadSize))
    guard key.publicKey.isValidSignature(bytes.dropFirst(AccessToken.payloadSize), for: context + payload),
      let token = AccessToken(payload: payload)
    else {
      throw .invalid
    }
    guard now < token.expires else { throw .expired }
    return token
  }
}
