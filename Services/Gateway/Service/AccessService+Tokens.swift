import Messages
import RPC
import ServiceKit
import Values

extension AccessService {
  /// Exchanges a secret for a token.
  func exchangeKey(
    _ request: AccessV1.ExchangeKeyRequest, _ call: Call
  ) async throws -> AccessV1.ExchangeKeyResponse {
    guard let secret = KeySecret(request.secret) else { throw RPCError.keyInvalid }
    let key = try await state.deciding { () throws(RPCError) in
      try holder(of: secret, in: state.current())
    }
    let now = time.now
    let end = now.advanced(by: AccessToken.lifetime)
    let token = AccessToken(key: key.number, issued: now, expires: min(end, key.expireTime ?? end).wholeSecond)
    var response = AccessV1.ExchangeKeyResponse()
    response.accessToken = try tokens.sign(token)
    response.expireTime = GoogleProtobuf.Timestamp(token.expires)
    return response
  }

  private func holder(of secret: KeySecret, in view: AccessView) throws(RPCError) -> KeyRecord {
    let key = view.key(number: secret.key)
    // Compared with something in any case: how long it takes must not tell which numbers are keys.
    let matches = secret.matches(key?.secretHash ?? [UInt8](repeating: 0, count: 32))
    guard let key, matches else { throw .keyInvalid }
    guard key.revokeTime == nil else { throw .keyRevoked }
    guard key.expireTime.map({ time.now < $0 }) ?? true else { throw .keyExpired }
    return key
  }

  /// Tells who calls.
  func getCaller(_ request: AccessV1.GetCallerRequest, _ call: Call) async throws -> AccessV1.Caller {
    try await decideFreshly(call) { caller in
      var message = AccessV1.Caller()
      message.subject = caller.key.name
      message.grants = caller.key.grants.map { $0.message(id: caller.view.id) }
      message.tokenExpireTime = GoogleProtobuf.Timestamp(caller.token.expires)
      return message
    }
  }
}
