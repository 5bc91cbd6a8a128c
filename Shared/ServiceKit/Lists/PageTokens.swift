package import Crypto
import Foundation
package import RPC

/// Makes and opens page tokens: opaque to callers, and good for the one list that they were made for (AIP-158).
///
/// A token holds where the next page starts, sealed with AES-GCM, since a position may be a personal value; what was
/// listed is authenticated with it. Any copy of a service opens another copy's tokens.
package struct PageTokens: Sendable {
  private let key: SymmetricKey

  /// Tokens under a key of their own.
  package init(key: SymmetricKey) {
    self.key = key
  }

  /// Tokens under a key that is derived from a service's private key, so that its copies agree.
  package init(_ keys: KeyRing) {
    key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: keys.own.rawRepresentation), info: Data("rapport page tokens".utf8),
      outputByteCount: 32)
  }

  /// What a list was asked for. A token is refused where any of it differs.
  package struct List: Sendable, Hashable {
    private let parts: [String]

    /// - Parameters:
    ///   - method: the method's path.
    ///   - parent: the parent's name, or `-`.
    ///   - filter: filter, order and whatever else decides what the list holds; not the page's size.
    package init(method: String, parent: String, filter: String...) {
      parts = [method, parent] + filter
    }

    /// The parts with their lengths before them, so that no two lists read the same.
    fileprivate var bytes: Data {
      var bytes = Data()
      for part in parts {
        withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: part.utf8)
      }
      return bytes
    }
  }

  /// The token for a position.
  package func seal(_ position: [UInt8], of list: List) throws -> String {
    // A nonce is drawn for each token; 2³² tokens under one key are safe (NIST SP 800-38D §8.3).
    let box = try AES.GCM.seal(position, using: key, authenticating: list.bytes)
    var bytes = Data(box.nonce)
    bytes.append(box.ciphertext)
    bytes.append(box.tag)
    return Base64URL.encode(Array(bytes))
  }

  /// The position of a token.
  ///
  /// - Returns: nil for an empty token, which asks for the first page.
  /// - Throws: ``RPCError`` INVALID_ARGUMENT for a token of another list, or one that was changed.
  package func open(_ token: String, of list: List) throws(RPCError) -> [UInt8]? {
    if token.isEmpty {
      return nil
    }
    guard let bytes = Base64URL.decode(token.utf8), let box = try? AES.GCM.SealedBox(combined: bytes),
      let position = try? AES.GCM.open(box, using: key, authenticating: list.bytes)
    else {
      throw .invalidPageToken
    }
    return Array(position)
  }
}

extension RPCError {
  /// A page token that does not belong to the list that is asked for.
  package static let invalidPageToken = RPCError(
    .invalidArgument,
    "The page token does not belong to this list. Repeat the call with the parent, filter and order of the first page, "
      + "or start again without a token.",
    reason: "INVALID_PAGE_TOKEN",
    fieldViolations: [FieldViolation(field: "page_token", description: "It was not made for this list.")])
}
