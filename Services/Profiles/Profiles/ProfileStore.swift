internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Reads and writes the profiles of a table, one at a time.
struct ProfileStore: Sendable {
  let database: Database

  /// Which profile is meant.
  enum Key: Sendable {
    case id(Int64)
    case unique(ProfileField, SQLValue)

    /// The column that finds it.
    var column: String {
      switch self {
      case .id: "id"
      case .unique(let field, _): field.storage.column
      }
    }

    /// What stands in that column.
    var value: SQLValue {
      switch self {
      case .id(let id): .int(id)
      case .unique(_, let value): value
      }
    }
  }

  // MARK: - Reading

  /// The profile of a key, or nil where the table has none.
  func find(_ key: Key, in table: ProfileTableDefinition) async throws -> ProfilesV1.Profile? {
    let statement = Statement(
      name: "profiles.get",
      sql: """
        SELECT \(table.columns)
        FROM \(table.rows)
        WHERE \(key.column) = $1
        """)
    return try await database.read(statement, [key.value], as: .entity(table.entity))
      .first.map { try Self.profile($0, of: table) }
  }

  /// The profile of a key in a table as it was known before; nil where there is none, and where the table's definition is
  /// another by now.
  ///
  /// - Complexity: one round trip, which compares the definition as well.
  func find(_ key: Key, inUnchanged table: ProfileTableDefinition) async throws -> ProfilesV1.Profile? {
    guard let revision = table.revision else { return nil }
    let statement = Statement(
      name: "profiles.get_known",
      sql: """
        SELECT \(table.columns)
        FROM \(table.rows)
        WHERE \(key.column) = $1
          AND EXISTS (
            SELECT FROM profile_tables
            WHERE number = \(table.number) AND version = $2 AND updated_at = $3)
        """)
    do {
      return try await database.read(
        statement, [key.value, .int(revision.version), .timestamp(revision.updatedAt)], as: .entity(table.entity)
      ).first.map { try Self.profile($0, of: table) }
    } catch let error as DatabaseError where error.kind == .undefinedObject {
      // The table or a column of it is gone.
      return nil
    }
  }

  /// The profiles of up to 1,000 ids, in any order.
  func find(ids: [Int64], in table: ProfileTableDefinition) async throws -> [Int64: ProfilesV1.Profile] {
    let statement = Statement(
      name: "profiles.batch_get",
      sql: """
        SELECT \(table.columns)
        FROM \(table.rows)
        WHERE id = ANY ($1::bigint[])
        """)
    let rows = try await database.read(statement, [.intArray(ids.map(Optional.some))], as: .entity(table.entity))
    return try Dictionary(
      rows.map { (try $0.int(0), try Self.profile($0, of: table)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The ids of profiles by keys, in their order; nil where there is none.
  func ids(of keys: [Key], in table: ProfileTableDefinition) async throws -> [Int64?] {
    var ids = [Int64?](repeating: nil, count: keys.count)
    var places: [String: [Int]] = [:]
    for (place, key) in keys.enumerated() {
      switch key {
      case .id(let id): ids[place] = id
      case .unique(let field, _): places[field.storage.id, default: []].append(place)
      }
    }
    for (id, places) in places {
      guard let field = table.field(id) else { continue }
      let values = places.map { place in if case .unique(_, let value) = keys[place] { value } else { SQLValue.null } }
      for (place, found) in zip(places, try await resolve(values, of: field.storage, in: table)) { ids[place] = found }
    }
    return ids
  }

  /// The ids of profiles by the values of a unique field, in their order; nil where there is none.
  func resolve(
    _ values: [SQLValue], of field: FieldDefinition, in table: ProfileTableDefinition
  ) async throws -> [Int64?] {
    let statement = Statement(
      name: "profiles.resolve",
      sql: """
        SELECT input.place, profile.id
        FROM unnest($1::\(field.type.sqlType)[]) WITH ORDINALITY AS input (key, place)
        JOIN \(table.rows) AS profile ON profile.\(field.number == 0 ? "id" : field.column) = input.key
        """)
    var ids = [Int64?](repeating: nil, count: values.count)
    for row in try await database.read(statement, [.array(of: values, type: field.type)], as: .entity(table.entity)) {
      ids[Int(try row.int(0)) - 1] = try row.int(1)
    }
    return ids
  }

  /// The profiles of a table by id, behind `after`.
  func list(in table: ProfileTableDefinition, after: Int64, limit: Int) async throws -> [ProfilesV1.Profile] {
    let statement = Statement(
      name: "profiles.list",
      sql: """
        SELECT \(table.columns)
        FROM \(table.rows)
        WHERE id > $1
        ORDER BY id
        LIMIT $2
        """)
    return try await database.read(statement, [.int(after), .int(Int64(limit))], as: .entity(table.entity))
      .map { try Self.profile($0, of: table) }
  }

  static func profile(_ row: Row, of table: ProfileTableDefinition) throws -> ProfilesV1.Profile {
    var profile = ProfilesV1.Profile()
    profile.name = "\(table.message.name)/profiles/\(try row.int(0))"
    profile.createTime = try row.timestamp(1).message
    profile.updateTime = try row.timestamp(2).message
    var column = 3
    var fields: [String: TypeV1.Value] = [:]
    fields.reserveCapacity(table.fields.count)
    for field in table.fields {
      fields[field.storage.id] = try FieldWriter.value(of: field.storage, in: row, at: column)
      column += 1
    }
    profile.fields = fields
    for field in table.fields where field.isTracked {
      profile.since[field.storage.id] = try row.optionalTimestamp(column)?.message
      column += 1
    }
    return profile
  }

  // MARK: - Deleting

  /// Deletes a profile with its history.
  ///
  /// - Returns: its id, or nil where the table has none.
  func delete(_ key: Key, in table: ProfileTableDefinition, transaction: Transaction) async throws -> Int64? {
    let statement = Statement(
      name: "profiles.delete",
      sql: """
        DELETE FROM \(table.rows)
        WHERE \(key.column) = $1
        RETURNING id
        """)
    return try await transaction.execute(statement, [key.value]).first?.int(0)
  }
}
