import Database
import DatabaseTesting
import ServiceTesting

/// While a transaction keeps the gate closed, whoever hands over waits for the database, with all locks that it asks for.
enum HandingGate {
  static func install(_ suite: TestSuite) async throws {
    try await suite.test.schemaConnection().run([
      Statement(
        name: "test.gateFunction",
        sql: """
          CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END'
          """),
      Statement(
        name: "test.gate",
        sql: """
          CREATE TRIGGER gate BEFORE UPDATE ON in_hand FOR EACH ROW WHEN (NEW.is_handing) EXECUTE FUNCTION pass_gate()
          """),
    ])
  }

  static let close = Statement(name: "test.closeGate", sql: "SELECT pg_advisory_xact_lock(77)")

  /// How many wait for a lock, at the gate or elsewhere.
  static let waiting = Statement(
    name: "test.waiting",
    sql: """
      SELECT count(*)
      FROM pg_locks
      JOIN pg_stat_activity USING (pid)
      WHERE NOT granted AND datname = current_database()
      """)
}
