package import Database
import Values

/// One row that one copy of a service holds at a time, with a fencing number, by PostgreSQL's clock.
///
/// Work under a lease checks the number in its own transaction (``check(_:in:)``), so that a copy that was paused and
/// wakes after its lease went to another changes nothing.
package struct Lease: Sendable, Hashable {
  /// The row's name, unique in the service's schema.
  package let name: String
  /// How long it holds without renewal.
  package let length: Duration

  /// A lease; the row is made when it is first asked for.
  package init(name: String, length: Duration = .seconds(6)) {
    self.name = name
    self.length = length
  }

  /// Takes the lease when it is free.
  ///
  /// - Parameter holder: tells this copy from the others; a copy takes what it holds already, under a new number.
  /// - Returns: the fencing number, higher than every one before; nil when another holds the lease.
  package func acquire(holder: String, in database: Database) async throws -> Int64? {
    let rows = try await database.write(
      Self.acquire, [.text(name), .text(holder), .int(length.wholeMilliseconds)], as: .worker)
    return try rows.first?.int(0)
  }

  /// - Returns: whether the lease is still held under this number.
  package func renew(fence: Int64, in database: Database) async throws -> Bool {
    let rows = try await database.write(
      Self.renew, [.text(name), .int(fence), .int(length.wholeMilliseconds)], as: .worker)
    return !rows.isEmpty
  }

  /// Lets go, so that another copy need not wait.
  package func release(fence: Int64, in database: Database) async throws {
    _ = try await database.write(Self.release, [.text(name), .int(fence)], as: .worker)
  }

  /// Keeps anybody from taking the lease until the transaction ends, however long that takes; its holder may renew it.
  ///
  /// - Throws: ``LeaseLost`` when the number is not the present one.
  package func check(_ fence: Int64, in transaction: Transaction) async throws {
    let rows = try await transaction.execute(Self.check, [.text(name), .int(fence)])
    if rows.isEmpty {
      throw LeaseLost(name: name)
    }
  }

  /// The table; a service puts it into its migrations.
  package static let schema = """
    -- Who does the work that one copy at a time may do.
    CREATE TABLE leases (
      name text PRIMARY KEY,
      holder text NOT NULL,
      -- Rises with every holder.
      fence bigint NOT NULL,
      held_until timestamptz NOT NULL
    ) WITH (fillfactor = 50);
    GRANT SELECT, INSERT, UPDATE ON leases TO {worker};
    """

  // Whoever takes the lease waits for the transactions that checked it: they lock the row against that alone. A renewal is
  // no such change, so that the lease of a transaction that takes longer than it holds does not run out meanwhile.
  private static let acquire = Statement(
    name: "lease.acquire",
    sql: """
      WITH free AS MATERIALIZED (
        SELECT name
        FROM leases
        WHERE name = $1 AND (held_until < clock_timestamp() OR holder = $2)
        FOR UPDATE
      )
      INSERT INTO leases AS held (name, holder, fence, held_until)
      VALUES ($1, $2, 1, clock_timestamp() + $3::bigint * interval '1 millisecond')
      ON CONFLICT (name) DO UPDATE
      SET holder = excluded.holder, fence = held.fence + 1,
        held_until = clock_timestamp() + $3::bigint * interval '1 millisecond'
      WHERE held.name IN (SELECT name FROM free)
      RETURNING fence
      """)

  private static let renew = Statement(
    name: "lease.renew",
    sql: """
      UPDATE leases
      SET held_until = clock_timestamp() + $3::bigint * interval '1 millisecond'
      WHERE name = $1 AND fence = $2
      RETURNING fence
      """)

  private static let release = Statement(
    name: "lease.release",
    sql: "UPDATE leases SET held_until = '-infinity' WHERE name = $1 AND fence = $2")

  private static let check = Statement(
    name: "lease.check",
    sql: "SELECT fence FROM leases WHERE name = $1 AND fence = $2 FOR KEY SHARE")
}

/// The lease is another copy's by now. The work stops; nothing of the transaction takes effect.
package struct LeaseLost: Error, Sendable, Hashable {
  /// The lease's name.
  package let name: String
}

extension Duration {
  /// Whole milliseconds.
  var wholeMilliseconds: Int64 {
    wholeNanoseconds / 1_000_000
  }
}
