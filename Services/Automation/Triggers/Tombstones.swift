internal import Database

/// Keeps executions from beginning for profiles that are gone.
///
/// Whoever begins one looked its profile up before, so the profile may be gone by then. Beginners hold a lock of the
/// profile table that they share among each other; the follower of Profiles, which ends what runs for profiles that are
/// gone, holds it alone. So either a beginner commits first, and the follower sees its execution; or the follower commits
/// first, and the beginner sees its tombstones.
enum Tombstones {
  /// The first of the two numbers of the lock, which tells it from other uses of advisory locks; the second is the
  /// profile table's.
  private static let lockSpace = 7_201

  /// To be run by a beginner before it looks. `$1`: the profile table.
  static let share = Statement(
    name: "tombstones.share", sql: "SELECT pg_advisory_xact_lock_shared(\(lockSpace), $1::integer)")

  /// To be run before executions are ended. `$1`: the profile table.
  static let own = Statement(name: "tombstones.own", sql: "SELECT pg_advisory_xact_lock(\(lockSpace), $1::integer)")

  /// `$1`: the entity, `$2`: the profile table, `$3`: profiles.
  static let insert = Statement(
    name: "tombstones.insert",
    sql: """
      INSERT INTO deleted_profiles (entity, profile_table, profile)
      SELECT $1, $2, profile
      FROM unnest($3::bigint[]) AS gone (profile)
      ON CONFLICT (profile_table, profile) DO NOTHING
      """)

  /// Forgets those that are so old that nothing which was looked up before can still be on its way: what is about to
  /// begin for a profile goes with it.
  static let sweep = Statement(
    name: "tombstones.sweep", sql: "DELETE FROM deleted_profiles WHERE deleted_at < now() - interval '7 days'")
}
