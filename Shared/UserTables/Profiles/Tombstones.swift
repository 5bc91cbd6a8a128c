package import Database

/// Keeps things from being written for profiles that are gone: what a service remembers of them, in `deleted_profiles`.
///
/// Whoever writes something of a profile looked it up before, so the profile may be gone by the time of the write.
/// Writers hold a lock of the profile table that they share among each other; the follower of Profiles, which forgets
/// profiles that are gone, holds it alone. So either a writer commits first, and the follower sees what it wrote; or the
/// follower commits first, and the writer sees its tombstones.
package struct Tombstones: Sendable {
  /// To be run by a writer before any other statement of its transaction that looks. `$1`: the profile table.
  package let share: Statement
  /// To be run before what is kept of profiles is forgotten. `$1`: the profile table.
  let own: Statement

  /// Those of a service.
  ///
  /// - Parameter lockSpace: the first of the two numbers of the lock, which tells it from other uses of advisory locks in
  ///   the service's database; the second is the profile table's. A service never changes it: copies of two versions
  ///   must wait for each other.
  package init(lockSpace: Int) {
    share = Statement(
      name: "tombstones.share", sql: "SELECT pg_advisory_xact_lock_shared(\(lockSpace), $1::integer)")
    own = Statement(name: "tombstones.own", sql: "SELECT pg_advisory_xact_lock(\(lockSpace), $1::integer)")
  }

  /// To be run by a writer after ``share``. `$1`: the profile table, `$2`: profiles. Gives those that are gone.
  package static let find = Statement(
    name: "tombstones.find",
    sql: """
      SELECT wanted.profile
      FROM unnest($2::bigint[]) AS wanted (profile)
      WHERE EXISTS (
        SELECT FROM deleted_profiles
        WHERE profile_table = $1 AND deleted_profiles.profile IN (wanted.profile, 0))
      """)

  /// Remembers profiles that are gone, in a transaction that holds the lock alone until it ends.
  func add(_ gone: GoneProfiles, in transaction: Transaction) async throws {
    let number = SQLValue.int(gone.profileTable)
    try await transaction.execute(
      pipelined: [
        (own, [number]), (Self.sweep, []),
        (Self.insert, [.int(gone.entity), number, .intArray(gone.numbers ?? [0])]),
      ])
  }

  /// `$1`: the entity, `$2`: the profile table, `$3`: profiles; 0: all of the table.
  private static let insert = Statement(
    name: "tombstones.insert",
    sql: """
      INSERT INTO deleted_profiles (entity, profile_table, profile)
      SELECT $1, $2, profile
      FROM unnest($3::bigint[]) AS gone (profile)
      ON CONFLICT (profile_table, profile) DO NOTHING
      """)

  /// Forgets those that are so old that no write which began before can still be on its way.
  private static let sweep = Statement(
    name: "tombstones.sweep", sql: "DELETE FROM deleted_profiles WHERE deleted_at < now() - interval '7 days'")
}
