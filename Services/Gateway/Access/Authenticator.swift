import RPC
import ServiceKit
import Values

/// Tells who makes a call, from the token that comes with it.
struct Authenticator: Sendable {
  private let state: AccessState
  private let tokens: TokenAuthority
  private let signer: PrincipalSigner
  private let time: any TimeSource
  private let known: CallerCache

  /// - Parameter capacity: tokens whose caller is kept at hand.
  init(
    state: AccessState, tokens: TokenAuthority, signer: PrincipalSigner, time: any TimeSource, capacity: Int = 10_000
  ) {
    self.state = state
    self.tokens = tokens
    self.signer = signer
    self.time = time
    known = CallerCache(capacity: capacity)
  }

  /// A caller, and the metadata that vouches for it towards the services.
  struct Authenticated: Sendable {
    /// Who calls.
    let caller: Caller
    /// The signed principal, ready to be sent.
    let metadata: Metadata
  }

  /// Who makes the call of this metadata, as access stands now.
  ///
  /// - Throws: ``RPCError`` UNAUTHENTICATED with the reason `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED`,
  ///   `KEY_REVOKED` or `KEY_EXPIRED`; UNAVAILABLE when access cannot be told.
  /// - Complexity: a look-up; two signatures for a token's first call and one after each change of access.
  func caller(of metadata: Metadata) throws(RPCError) -> Authenticated {
    let bytes = try Self.token(in: metadata)
    let view = try state.current()
    let now = time.now
    if let known = known[bytes, revision: view.revision] {
      guard now < known.caller.expires else { throw expired(known.caller, at: now) }
      return known
    }
    // Beyond ASCII, texts of other bytes can be equal.
    guard bytes.allSatisfy({ $0 < 0x80 }) else { throw .tokenInvalid }
    let text = String(decoding: bytes, as: UTF8.self)
    let token: AccessToken
    do {
      token = try tokens.verify(text, at: now)
    } catch {
      throw error == .expired ? .tokenExpired : .tokenInvalid
    }
    let authenticated = try authenticate(token, in: view)
    guard now < authenticated.caller.expires else { throw expired(authenticated.caller, at: now) }
    known[bytes, revision: view.revision] = authenticated
    return authenticated
  }

  private func authenticate(_ token: AccessToken, in view: AccessView) throws(RPCError) -> Authenticated {
    // Only a key that was there gets a token, so one that is not there was lost with a restore: it is as good as revoked.
    guard let key = view.key(number: token.key), key.revokeTime == nil else { throw .keyRevoked }
    let caller = Caller(key: key, token: token, view: view)
    var metadata = Metadata()
    do {
      metadata.append(PrincipalMetadata.name, bytes: try signer.sign(caller.principal))
    } catch {
      throw RPCError(.internal, "The gateway could not vouch for the caller; its log tells why.", cause: error)
    }
    return Authenticated(caller: caller, metadata: metadata)
  }

  private func expired(_ caller: Caller, at now: Timestamp) -> RPCError {
    now < caller.token.expires ? .keyExpired : .tokenExpired
  }

  /// The token of `authorization: Bearer …` (RFC 6750 §2.1).
  private static func token(in metadata: Metadata) throws(RPCError) -> ArraySlice<UInt8> {
    guard let (value, isOnly) = metadata.rawValue("authorization") else { throw .tokenMissing }
    // Two tokens are none: who reads which is anybody's guess.
    guard isOnly, value.count > scheme.count,
      zip(value, scheme).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 })
    else {
      throw .tokenInvalid
    }
    return value.dropFirst(scheme.count)
  }

  private static let scheme = Array("bearer ".utf8)
}
