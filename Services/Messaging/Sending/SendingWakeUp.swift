internal import Database
internal import ServiceKit

/// Tells whoever sends that there may be something to send.
struct SendingWakeUp: Sendable {
  static let channel = "messaging_work"

  let database: Database

  func notify() async throws {
    try await database.write(Self.notify, [], as: .none)
  }

  private static let notify = Statement(
    name: "sending.notify", sql: "SELECT pg_notify('\(channel)', '')")
}
