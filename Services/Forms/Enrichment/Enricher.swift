internal import Database
internal import Logging
internal import Messages
internal import RPC
internal import ServiceKit
internal import Values

/// Writes answers into profiles.
///
/// The intent was stored with the participation; it is sent until Profiles has answered, always with the same request id,
/// and forgotten then. So a crash anywhere neither loses the effect nor doubles it.
struct Enricher: Sendable {
  private static let batch = 16
  private static let longestPause = Duration.seconds(300)

  let store: EnrichmentStore
  let profiles: ProfileDirectory
  let wakeUp: WakeUp
  let time: any TimeSource
  let logger: Logger

  /// Works until the task is cancelled.
  func run() async throws {
    let waker = wakeUp.subscribe()
    while true {
      while try await work() > 0 {}
      // A participation wakes at once, in this process; those of other copies that ended come by the clock.
      try await waker.wait(atMost: .seconds(1), time: time)
    }
  }

  /// Sends what is due now.
  ///
  /// - Returns: how many.
  @discardableResult
  func work() async throws -> Int {
    let claims = try await store.claim(limit: Self.batch, now: time.now)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for claim in claims { group.addTask { try await send(claim) } }
      try await group.waitForAll()
    }
    return claims.count
  }

  private func send(_ claim: EnrichmentStore.Claim) async throws {
    do {
      try await profiles.write(claim.request, entity: claim.scope)
      try await store.settle(claim)
    } catch let error as RPCError {
      try await settle(claim, after: error)
    }
  }

  private func settle(_ claim: EnrichmentStore.Claim, after error: RPCError) async throws {
    switch error.code {
    // The profile is gone, or was when Profiles looked again.
    case .notFound: try await store.settle(claim)
    case .failedPrecondition where error.reason == "REPLY_FORGOTTEN": try await store.settle(claim)
    case .invalidArgument, .alreadyExists, .failedPrecondition: try await takeOut(error, of: claim)
    default:
      let pause = min(Duration.seconds(1 << min(claim.attempt, 9)), Self.longestPause)
      try await store.postpone(claim, to: time.now.advanced(by: pause))
      log(claim, error, "Profiles has not taken answers of a participation; they are sent again")
    }
  }

  /// Sends the rest without the fields that Profiles does not take: one bad answer never loses the others.
  private func takeOut(_ error: RPCError, of claim: EnrichmentStore.Claim) async throws {
    log(claim, error, "Profiles does not take an answer of a participation; it stays in the participation alone")
    var request = claim.request
    let refused = Set(error.fieldViolations.map(\.field))
    let rest = request.profile?.fields.filter { !refused.contains("profile.fields.\($0.key)") } ?? [:]
    guard !rest.isEmpty, rest.count < request.profile?.fields.count ?? 0 else { return try await store.settle(claim) }
    request.profile?.fields = rest
    request.requestId = Enrichment.requestID(claim.participation, edits: claim.edits, round: claim.round + 1)
    try await store.replace(claim, with: request, now: time.now)
  }

  private func log(_ claim: EnrichmentStore.Claim, _ error: RPCError, _ text: String) {
    logger.warning(
      "\(text)",
      metadata: [
        "form": "\(claim.form)", "participation": "\(claim.participation)", "code": "\(error.code)",
        "reason": "\(error.reason ?? "")", "fields": "\(error.fieldViolations.map(\.field).joined(separator: ","))",
      ])
  }
}
