internal import Mail
internal import Synchronization

/// Tells a mail server that refuses everyone from one that refuses some: by refusals in a row, none of which is about a
/// recipient's address.
///
/// A relay that is set up wrongly, or a blocked sender, is refused with the codes of a refused message. If each refusal
/// counted for good, a campaign of any size would be gone within minutes; so behind so many in a row, refused messages
/// wait until the server takes one again.
struct RefusalStreak: Sendable, Hashable {
  /// Refusals in a row after which the server is held to refuse everyone.
  static let limit = 10

  private var count = 0
  private var last: SMTPReply?

  /// Nothing was refused yet.
  init() {}

  /// Whether a refusal may be one of everyone: those for mailboxes and addresses (RFC 3463 §3.2, §3.3) and for a message's
  /// size are not.
  static func mayBeOfEveryone(_ reply: SMTPReply) -> Bool {
    let isOfOne = reply.code == 552 || [1, 2].contains(reply.enhancedCode?.subject)
    return reply.isTemporary || (reply.isPermanent && !isOfOne)
  }

  /// Counts a refusal that may be one of everyone.
  mutating func refused(_ reply: SMTPReply) {
    count += 1
    last = reply
  }

  /// What is to be said where the server is held to refuse everyone.
  var obstacle: String? {
    guard count >= Self.limit, let last else { return nil }
    return "The mail server refuses every message: \(last.codes)."
  }
}

/// The streaks of all campaigns, which couriers share: what one is answered tells the others.
final class RefusalStreaks: Sendable {
  /// Those without are in order.
  private let byCampaign = Mutex<[Int64: RefusalStreak]>([:])

  /// Counts a refusal that may be one of everyone.
  func refused(_ reply: SMTPReply, _ campaign: Int64) {
    byCampaign.withLock { $0[campaign, default: RefusalStreak()].refused(reply) }
  }

  /// A message was taken.
  func taken(_ campaign: Int64) {
    byCampaign.withLock { _ = $0.removeValue(forKey: campaign) }
  }

  /// What is to be said of a campaign whose every message is refused.
  func obstacle(for campaign: Int64) -> String? {
    byCampaign.withLock { $0[campaign]?.obstacle }
  }

  /// Whether nothing of the campaign was taken since the last refusal.
  func lasts(_ campaign: Int64) -> Bool {
    byCampaign.withLock { $0[campaign] != nil }
  }
}
