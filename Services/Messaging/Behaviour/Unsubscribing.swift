internal import Logging
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Ends subscriptions: written down first, then told to Profiles, as often as it takes.
struct Unsubscribing: Sendable {
  let store: BehaviourStore
  let campaigns: CampaignStore
  let profiles: ProfileDirectory
  let time: any TimeSource
  let logger: Logger

  /// Ends the subscription of a message's campaign for its profile; false when the profile is gone.
  ///
  /// Once this returns, it will happen, whatever breaks.
  func unsubscribe(_ message: Int64) async throws -> Bool {
    guard let pending = try await store.unsubscribed(message, now: time.now) else { return false }
    await tryToApply(pending)
    return true
  }

  /// One that cannot be applied holds up no other: the job tries it again.
  private func tryToApply(_ pending: BehaviourStore.Pending) async {
    do { try await apply(pending) } catch {
      let why = (error as? RPCError).map { "\($0.code)" } ?? "\(type(of: error))"
      logger.warning("an unsubscription is told to Profiles later", metadata: ["why": "\(why)"])
    }
  }

  /// Tells Profiles what it could not be told before.
  var job: Job {
    Job("unsubscribing") {
      while true {
        try await applyAll()
        try await time.sleep(for: .seconds(5))
      }
    }
  }

  func applyAll() async throws {
    var last: Int64 = 0
    while case let some = try await store.pending(behind: last, limit: 100), let end = some.last {
      for pending in some {
        try Task.checkCancellation()
        await tryToApply(pending)
      }
      last = end.id
    }
  }

  private func apply(_ pending: BehaviourStore.Pending) async throws {
    guard let campaign = try await campaigns.find(number: pending.campaign) else { return }
    // A profile that is gone needs nothing more: the follower hears of it.
    if !campaign.message.subscription.isEmpty {
      _ = try await profiles.unsubscribe(
        pending.profile, of: campaign.message.profileTable, from: campaign.message.subscription,
        entity: campaign.entity, requestID: "unsubscribe/\(pending.message)/\(pending.revision)")
    }
    try await store.applied(pending)
  }
}
