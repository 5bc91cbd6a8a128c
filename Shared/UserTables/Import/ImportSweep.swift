package import Database
package import ServiceKit
internal import Values

/// Forgets imports of one service, with the lines that they refused, 90 days after they last went on.
///
/// An import that was broken off is then no longer resumed, and its request id may begin another.
package struct ImportSweep: Sendable {
  /// How long an import is kept.
  package static let life = Duration.seconds(90 * 86_400)
  /// The most lines that one statement deletes.
  private static let batch = 5_000
  private static let pause = Duration.seconds(3_600)

  private let database: Database
  private let time: any TimeSource

  /// A sweep of the service whose database it is.
  package init(database: Database, time: any TimeSource) {
    self.database = database
    self.time = time
  }

  /// Forgets all that are old enough now.
  package func sweep() async throws {
    let end = SQLValue.timestamp(time.now.advanced(by: .zero - Self.life))
    for id in try await database.read(Self.old, [end], as: .worker).map({ SQLValue.int(try $0.int(0)) }) {
      while try await database.write(Self.dropLines, [id, end], as: .worker).count == Self.batch {}
      try await database.write(Self.drop, [id, end], as: .worker)
    }
  }

  private static let old = Statement(
    name: "imports.old", sql: "SELECT id FROM imports WHERE updated_at < $1 ORDER BY id LIMIT 1000")

  // Unless it has gone on since.
  private static let dropLines = Statement(
    name: "imports.drop_lines",
    sql: """
      DELETE FROM refused_lines
      WHERE import = $1 AND line IN (
        SELECT line
        FROM refused_lines
        WHERE import = (SELECT id FROM imports WHERE id = $1 AND updated_at < $2)
        LIMIT \(batch))
      RETURNING line
      """)

  private static let drop = Statement(
    name: "imports.drop", sql: "DELETE FROM imports WHERE id = $1 AND updated_at < $2")

  /// Forgets them once an hour, in one copy at a time.
  package var job: Job {
    Job("sweep of imports", under: Lease(name: "imports/sweep")) { _ in
      while !Task.isCancelled {
        try await sweep()
        try await time.sleep(for: Self.pause)
      }
    }
  }
}
