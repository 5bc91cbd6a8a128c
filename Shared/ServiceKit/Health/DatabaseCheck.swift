package import Database

/// Whether the database answers.
package struct DatabaseCheck: ReadinessCheck {
  private let database: Database

  /// A check of one database.
  package init(_ database: Database) {
    self.database = database
  }

  /// Asks it for something trivial.
  package func objection() async -> String? {
    // Known already, and sooner than a question would be given up.
    if database.refusal != nil { return Self.away }
    do {
      _ = try await database.read(Self.ping, [], as: .none)
      return nil
    } catch {
      return Self.away
    }
  }

  private static let away = "The database cannot be reached."
  private static let ping = Statement(name: "health.ping", sql: "SELECT 1")
}
