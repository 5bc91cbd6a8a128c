internal import Database

/// Keeps participations from being recorded for profiles that are gone.
///
/// Whoever records one looked the profile up before, so it may be gone by then. Recorders hold a lock of the profile table
/// that they share among each other; the follower of Profiles, which makes participations anonymous, holds it alone. So
/// either a recorder commits first, and the follower sees what it recorded; or the follower commits first, and the recorder
/// sees its tombstones.
enum Tombstones {
  /// The first of the two numbers of the lock, which tells it from other uses of advisory locks in the database; the
  /// second is the profile table's.
  private static let lockSpace = 7_201

  /// To be run by a recorder before any other statement of its transaction. `$1`: the profile table.
  static let share = Statement(
    name: "tombstones.share", sql: "SELECT pg_advisory_xact_lock_shared(\(lockSpace), $1::integer)")

  /// To be run by a recorder after ``share``. `$1`: the profile table, `$2`: the profile. Gives a row when it is gone.
  static let find = Statement(
    name: "tombstones.find",
    sql: """
      SELECT profile
      FROM deleted_profiles
      WHERE profile_table = $1 AND profile IN ($2, 0)
      """)

  /// To be run before participations become anonymous. `$1`: the profile table.
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

  /// Forgets those that are so old that no recorder which began before can still be on its way.
  static let sweep = Statement(
    name: "tombstones.sweep", sql: "DELETE FROM deleted_profiles WHERE deleted_at < now() - interval '7 days'")
}
