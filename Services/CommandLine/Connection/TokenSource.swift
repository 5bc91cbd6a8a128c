import Messages
import RPC

/// Exchanges the key for a token when a call needs one, and keeps it while it lives.
actor TokenSource {
  private let key: String?
  private let client: RPCClient
  private var token: Token?

  private struct Token {
    var bearer: String
    var refreshAt: ContinuousClock.Instant
    /// No call but the first has carried it yet.
    var isFresh: Bool
  }

  init(key: String?, client: RPCClient) {
    self.key = key
    self.client = client
  }

  /// What a call of `method` must carry: nothing for a public one.
  ///
  /// - Throws: ``CommandError`` when there is no key or it is refused, which no second try will change; `RPCError` when
  ///   the gateway cannot be asked.
  func metadata(for method: MethodInfo) async throws -> Metadata {
    // Health and reflection state no rule: they stand outside the suite's API.
    guard let right = method.rule?.right, right != .public else { return Metadata() }
    let bearer = try await bearer()
    var metadata = Metadata()
    metadata.append("authorization", "Bearer \(bearer)")
    return metadata
  }

  /// Gives up a token that was refused.
  ///
  /// - Returns: Whether the call that carried it is worth another try; not when the token had just been made.
  func forget(_ metadata: Metadata) -> Bool {
    guard let refused = token, metadata.first("authorization") == "Bearer \(refused.bearer)" else { return true }
    token = nil
    return !refused.isFresh
  }

  private func bearer() async throws -> String {
    if var current = token, ContinuousClock.now < current.refreshAt {
      current.isFresh = false
      token = current
      return current.bearer
    }
    guard let key else {
      throw CommandError(
        .unauthenticated, "There is no key. Give one by --api-key or RAPPORT_KEY: itself, or its file.")
    }
    let answer = try await exchange(key)
    // The clocks of this machine and of the gateway may differ, so the token's end is not compared with ours: tokens
    // live 15 minutes, and one that ended earlier is refused and made anew.
    token = Token(bearer: answer.accessToken, refreshAt: .now + .seconds(600), isFresh: true)
    return answer.accessToken
  }

  private func exchange(_ key: String) async throws -> AccessV1.ExchangeKeyResponse {
    var request = AccessV1.ExchangeKeyRequest()
    request.secret = key
    do {
      return try await client.call(
        AccessV1.AccessService.exchangeKey, request, options: CallOptions(timeout: .seconds(30)))
    } catch let error as RPCError where error.code != .unavailable && error.code != .deadlineExceeded {
      throw CommandError(error)
    }
  }
}
