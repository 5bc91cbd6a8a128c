internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables

/// Deletes the rows of profiles that are gone.
struct RowForgetting: ProfileForgetting {
  let tables: CustomTableStore
  let profiles: ProfileDirectory
  let database: Database

  func forget(_ gone: GoneProfiles, in transaction: Transaction) async throws {
    let tables = try await CustomTableStore.list(ofProfileTable: gone.profileTable, in: transaction)
    if tables.isEmpty { return }
    // Users' tables are open to their entity's role alone.
    try await transaction.become(.entity(gone.entity))
    var deletion = RowDeletion(.erasing, in: transaction)
    if let numbers = gone.numbers {
      try await deletion.delete(ofProfiles: numbers, in: tables)
    } else {
      try await deletion.deleteAll(in: tables)
    }
    try await transaction.become(.worker)
  }

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let batch = 10_000

  func places() async throws -> [CustomTableDefinition] {
    try await tables.listOwned()
  }

  func resolve(_ keys: [TypeV1.Value], in table: CustomTableDefinition) async throws -> [UInt32] {
    // Only tables that belong to a profile table are among the places.
    guard let owner = table.owner else { return keys.map { _ in 0 } }
    let key = try DataTablesNames.profileTable.match(owner.name).id("entity")
    return try await profiles.resolve(
      keys, by: "", in: owner.name, entity: Principal.Entity(id: table.entity, key: key))
  }

  func profiles(in table: CustomTableDefinition, behind last: Int64) async throws -> [Int64] {
    let statement = Statement(
      name: "rows.profiles",
      sql: """
        SELECT DISTINCT profile
        FROM \(table.rows)
        WHERE profile > $1
        ORDER BY profile
        LIMIT \(Self.batch)
        """)
    return try await database.read(statement, [.int(last)], as: .entity(table.entity)).map { try $0.int(0) }
  }
}

extension CustomTableDefinition: ProfilePlace {
  var profileTable: Int64 { owner?.number ?? 0 }
}

extension Tombstones {
  /// Those that whoever writes rows heeds.
  static let ofRows = Tombstones(lockSpace: 7_101)
}
