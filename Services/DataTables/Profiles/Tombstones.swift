internal import Database

/// Keeps rows from being written for profiles that are gone.
///
/// Whoever writes rows of a profile resolved its key before, so the profile may be gone by the time of the write. Writers
/// of rows hold a lock of the profile table that they share among each other; the follower of Profiles, which deletes the
/// rows of profiles that are gone, holds it alone. So either a writer commits first, and the follower sees its rows; or
/// the follower commits first, and the writer sees its tombstones.
enum Tombstones {
  /// The first of the two numbers of the lock, which tells it from other uses of advisory locks; the second is the
  /// profile table's.
  private static let lockSpace = 7_101

  /// To be run by a writer of rows before any other statement of its transaction. `$1`: the profile table.
  static let share = Statement(
    name: "tombstones.share", sql: "SELECT pg_advisory_xact_lock_shared(\(lockSpace), $1::integer)")

  /// To be run by a writer of rows after ``share``. `$1`: the profile table, `$2`: profiles. Gives those that are gone.
  static let find = Statement(
    name: "tombstones.find",
    sql: """
      SELECT wanted.profile
      FROM unnest($2::bigint[]) AS wanted (profile)
      WHERE EXISTS (
        SELECT FROM deleted_profiles
        WHERE profile_table = $1 AND deleted_profiles.profile IN (wanted.profile, 0))
      """)

  /// To be run before profiles' rows are deleted. `$1`: the profile table.
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

  /// Forgets those that are so old that no write which began before can still be on its way.
  static let sweep = Statement(
    name: "tombstones.sweep", sql: "DELETE FROM deleted_profiles WHERE deleted_at < now() - interval '7 days'")
}
