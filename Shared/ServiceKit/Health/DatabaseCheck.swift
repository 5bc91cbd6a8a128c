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
    do {
      _ = try await database.read(Self.ping, [], as: .none)
      return nil
    } catch {
      return "The database cannot be reached."
    }
  }

  private static let ping = Statement(name: "health.ping", sql: "SELECT 1")
}
