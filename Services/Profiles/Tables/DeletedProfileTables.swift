internal import Database

/// The profile tables that were deleted: what keeps an id from coming to mean other profiles.
///
/// Other services know a table by its name and number, and keep both beside what they know of its profiles, whose numbers
/// begin again with each table. So an id is not given again once there were profiles under it. Without any, it comes
/// back with its number, and whatever names the table is right again.
enum DeletedProfileTables {
  /// A table of the id had profiles.
  struct IDIsUsedUp: Error {}

  /// Remembers a table that is about to be dropped.
  ///
  /// - Returns: whether it ever had profiles.
  static func remember(_ table: ProfileTableDefinition, id: String, in transaction: Transaction) async throws -> Bool {
    let used = Statement(name: "deleted_tables.used", sql: "SELECT is_called FROM \(table.ids)")
    let hadProfiles = try await transaction.execute(used).first.map { try $0.bool(0) } ?? true
    try await transaction.execute(
      insert, [.int(table.entity), .text(id), .int(table.number), .bool(hadProfiles)])
    return hadProfiles
  }

  private static let insert = Statement(
    name: "deleted_tables.insert",
    sql: """
      INSERT INTO deleted_profile_tables (entity, id, number, had_profiles)
      VALUES ($1, lower($2), $3, $4)
      """)

  /// Gives the number back that a table of this id had; nil where there was none.
  ///
  /// - Throws: ``IDIsUsedUp``.
  static func takeBack(id: String, entity: Int64, in transaction: Transaction) async throws -> Int64? {
    guard let row = try await transaction.execute(find, [.int(entity), .text(id)]).first else { return nil }
    if try row.bool(1) { throw IDIsUsedUp() }
    try await transaction.execute(remove, [.int(entity), .text(id)])
    return try row.int(0)
  }

  private static let find = Statement(
    name: "deleted_tables.find",
    sql: "SELECT number, had_profiles FROM deleted_profile_tables WHERE entity = $1 AND id = lower($2) FOR UPDATE")
  private static let remove = Statement(
    name: "deleted_tables.remove", sql: "DELETE FROM deleted_profile_tables WHERE entity = $1 AND id = lower($2)")
}
