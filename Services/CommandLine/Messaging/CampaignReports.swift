import Messages

/// How campaigns stand.
enum CampaignReports {
  static func get(_ name: String, _ session: Session) async throws -> MessagingV1.CampaignReport {
    var request = MessagingV1.GetCampaignReportRequest()
    request.name = name
    return try await session.call(MessagingV1.MessagingService.getCampaignReport, request)
  }

  /// For people.
  static func text(of report: MessagingV1.CampaignReport) -> String {
    var details = Details()
    details.add("Audience", report.audience)
    details.add("Sent", report.sent)
    details.add("Not sent", report.notSent)
    for reason in report.notSentByReason {
      details.add("  \(EnumWord.text(reason.reason))", reason.count)
    }
    details.add("Unknown", report.unknown)
    details.add("Waiting", report.waiting)
    if !report.obstacle.isEmpty { details.add("Stands still", report.obstacle) }
    details.add("Opened", report.opened)
    details.add("Opened by machines", report.openedByMachine)
    details.add("Clicked", report.clicked)
    details.add("Unsubscribed", report.unsubscribed)
    details.add("As of", report.readTime)
    return details.text
  }
}
