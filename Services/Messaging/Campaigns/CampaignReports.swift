internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Counts what became of campaigns' messages.
struct CampaignReports: Sendable {
  let database: Database

  /// How a campaign stands at one moment: all counts are of one snapshot.
  func report(on campaign: CampaignRecord, now: Timestamp) async throws -> MessagingV1.CampaignReport {
    let role = DatabaseRole.entity(campaign.entity.id)
    let (counts, did) = try await database.transaction(as: role, isolation: .repeatableRead, readOnly: true) {
      let rows = try await $0.execute(pipelined: [
        (Self.messages, [.int(campaign.number)]), (Self.behaviour, [.int(campaign.number)]),
      ])
      return (rows[0], rows[1])
    }
    var report = MessagingV1.CampaignReport()
    var settled: Int64 = 0
    for row in counts {
      let (state, reason, count) = (try row.int(0), try row.int(1), try row.int(2))
      switch MessagingV1.MessageState(rawValue: Int32(clamping: state)) {
      case .sent: report.sent += count
      case .unknown: report.unknown += count
      case .notSent:
        report.notSent += count
        var of = MessagingV1.ReasonCount()
        of.reason = MessagingV1.NotSentReason(rawValue: Int32(clamping: reason))
        of.count = count
        report.notSentByReason.append(of)
      default: report.waiting += count
      }
      settled += count
    }
    // Profiles that have no message yet wait, too.
    report.audience = max(campaign.audience, settled)
    report.waiting += report.audience - settled
    report.notSentByReason.sort { $0.reason.rawValue < $1.reason.rawValue }
    if let row = did.first {
      report.opened = try row.int(0)
      report.openedByMachine = try row.int(1)
      report.clicked = try row.int(2)
      report.unsubscribed = try row.int(3)
    }
    if report.waiting > 0 { report.obstacle = try await obstacle(of: campaign) }
    report.readTime = now.message
    return report
  }

  /// What keeps its messages from leaving.
  private func obstacle(of campaign: CampaignRecord) async throws -> String {
    // Shared by the entities, so not theirs to read; the campaign was found among those that the caller sees.
    try await database.read(Self.obstacle, [.int(campaign.number)], as: .worker).first?.text(0) ?? ""
  }

  private static let obstacle = Statement(
    name: "reports.obstacle",
    sql: """
      SELECT obstacle
      FROM paces
      JOIN campaigns ON number = campaign
      WHERE number = $1 AND state = \(campaign: .active)
      """)

  private static let messages = Statement(
    name: "reports.messages",
    sql: """
      SELECT state, reason, count(*)
      FROM messages
      WHERE campaign = $1
      GROUP BY state, reason
      """)

  // A message stands for its profile, which may be gone.
  private static let behaviour = Statement(
    name: "reports.behaviour",
    sql: """
      SELECT
        (SELECT count(DISTINCT message) FROM opens WHERE campaign = $1 AND NOT by_machine),
        (SELECT count(DISTINCT message) FROM opens WHERE campaign = $1 AND by_machine),
        (SELECT count(DISTINCT message) FROM clicks WHERE campaign = $1 AND NOT by_machine),
        (SELECT count(DISTINCT message) FROM unsubscribes WHERE campaign = $1)
      """)
}
