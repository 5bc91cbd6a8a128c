import Messages
import RPC
import ServiceKit

/// `rapport.access.v1.AccessService`: entities, keys, and the tokens that keys are exchanged for.
///
/// What is read comes from the access that every copy holds in memory, after a look at what is committed; what is
/// changed is committed, recorded for the audit and looked at before the answer, so that a caller's next call at this
/// copy finds it. Administering a key takes the right to administer access wherever any of the key's grants holds: who
/// administers one entity can neither see nor make keys that reach beyond it.
struct AccessService: Sendable {
  let store: AccessStore
  let state: AccessState
  let authenticator: Authenticator
  let tokens: TokenAuthority
  let pageTokens: PageTokens
  let time: any TimeSource
  let randomness: any Randomness

  /// The most entities that a licence has: each caller's principal lists those that it sees, and travels as metadata.
  static let maximumEntities = 100
  /// The most grants that a key has.
  static let maximumGrants = 100

  /// The service.
  init(
    store: AccessStore, state: AccessState, authenticator: Authenticator, tokens: TokenAuthority,
    pageTokens: PageTokens, time: any TimeSource, randomness: any Randomness
  ) {
    self.store = store
    self.state = state
    self.authenticator = authenticator
    self.tokens = tokens
    self.pageTokens = pageTokens
    self.time = time
    self.randomness = randomness
  }

  /// Serves all methods.
  func register(in router: inout Router) {
    router.handle(AccessV1.AccessService.exchangeKey, exchangeKey)
    router.handle(AccessV1.AccessService.getCaller, getCaller)
    router.handle(AccessV1.AccessService.createEntity, createEntity)
    router.handle(AccessV1.AccessService.getEntity, getEntity)
    router.handle(AccessV1.AccessService.listEntities, listEntities)
    router.handle(AccessV1.AccessService.updateEntity, updateEntity)
    router.handle(AccessV1.AccessService.createKey, createKey)
    router.handle(AccessV1.AccessService.getKey, getKey)
    router.handle(AccessV1.AccessService.listKeys, listKeys)
    router.handle(AccessV1.AccessService.updateKey, updateKey)
    router.handle(AccessV1.AccessService.revokeKey, revokeKey)
  }

  /// Decides by the caller as access stands now; before a refusal, as it stands after another look.
  func decide<Result>(
    _ call: Call, _ body: (Caller) throws(RPCError) -> Result
  ) async throws(RPCError) -> Result {
    try await state.deciding { () throws(RPCError) in
      try body(authenticator.caller(of: call.metadata).caller)
    }
  }

  /// Decides by what is committed now.
  func decideFreshly<Result>(
    _ call: Call, _ body: (Caller) throws(RPCError) -> Result
  ) async throws(RPCError) -> Result {
    await state.look()
    return try body(authenticator.caller(of: call.metadata).caller)
  }

  /// What the audit keeps of a change that a call makes.
  func origin(_ call: Call, _ caller: Caller) -> ChangeOrigin {
    ChangeOrigin(
      subject: caller.key.name, method: call.path, peer: call.peer, request: call.id, time: time.now)
  }

  /// Runs a change and waits until this copy knows of it.
  func change<Result: Sendable>(
    _ origin: ChangeOrigin, _ body: (AccessChange) async throws -> Result
  ) async throws -> Result {
    let result = try await answeringDatabaseErrors { try await store.change(origin, body) }
    await state.look()
    return result
  }

  private func answeringDatabaseErrors<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as RPCError {
      throw error
    } catch let error as CancellationError {
      throw error
    } catch {
      throw RPCError.changeFailed(error)
    }
  }
}
