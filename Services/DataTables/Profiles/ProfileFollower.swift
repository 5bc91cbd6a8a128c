internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Deletes the rows of profiles that are gone, as Profiles tells it.
struct ProfileFollower: LogEffect {
  let tables: CustomTableStore
  let profiles: ProfileDirectory
  let database: Database

  var types: [String] { [InternalV1.ProfileDeleted.descriptor.name, InternalV1.ProfileTableDeleted.descriptor.name] }

  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events {
      switch event.type {
      case InternalV1.ProfileDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileDeleted(decoding: event.body)
        try await delete(
          deleted.profiles.map(Int64.init), of: deleted.profileTable, entity: event.entity, in: transaction)
      case InternalV1.ProfileTableDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileTableDeleted(decoding: event.body)
        try await delete([0], of: deleted.profileTable, entity: event.entity, in: transaction)
      default: break
      }
    }
  }

  /// - Parameter profiles: 0 among them: all of the profile table.
  private func delete(
    _ profiles: [Int64], of profileTable: Int64, entity: Int64, in transaction: Transaction
  ) async throws {
    let number = SQLValue.int(profileTable)
    try await transaction.execute(
      pipelined: [
        (Tombstones.own, [number]), (Tombstones.sweep, []),
        (Tombstones.insert, [.int(entity), number, .intArray(profiles.map(Optional.some))]),
      ])
    let tables = try await CustomTableStore.list(ofProfileTable: profileTable, in: transaction)
    if tables.isEmpty { return }
    // Users' tables are open to their entity's role alone.
    try await transaction.become(.entity(entity))
    var deletion = RowDeletion(.erasing, in: transaction)
    if profiles.contains(0) {
      try await deletion.deleteAll(in: tables)
    } else {
      try await deletion.delete(ofProfiles: profiles, in: tables)
    }
    try await transaction.become(.worker)
  }

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let batch = 10_000

  func rebuild() async throws {
    for table in try await tables.listOwned() {
      var last: Int64 = 0
      while case let known = try await profileNumbers(in: table, behind: last), let end = known.last {
        last = end
        let gone = try await missing(known, of: table)
        if gone.isEmpty { continue }
        try await database.transaction(as: .worker) { transaction in
          try await delete(gone, of: table.owner?.number ?? 0, entity: table.entity, in: transaction)
        }
      }
    }
  }

  /// Those of the profiles that Profiles does not know; 0 alone, for all, when it does not know their table.
  private func missing(_ numbers: [Int64], of table: CustomTableDefinition) async throws -> [Int64] {
    guard let owner = table.owner else { return [] }
    let key = try DataTablesNames.profileTable.match(owner.name).id("entity")
    do {
      let found = try await profiles.resolve(
        numbers.map { TypeV1.Value(.int64Value($0)) }, by: "", in: owner.name,
        entity: Principal.Entity(id: table.entity, key: key))
      return zip(numbers, found).filter { $0.1 == 0 }.map(\.0)
    } catch let error as RPCError where error.code == .notFound {
      return [0]
    }
  }

  /// Profiles that a table has rows of, by number.
  private func profileNumbers(in table: CustomTableDefinition, behind last: Int64) async throws -> [Int64] {
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
