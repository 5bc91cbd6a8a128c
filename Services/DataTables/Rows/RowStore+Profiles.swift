internal import Database
internal import Messages
internal import UserTables
internal import Values

extension RowStore {
  /// A place among the rows of a profile, newest first: the time of an interaction, and a row's number.
  struct Place: Sendable, Hashable {
    /// Microseconds since the Unix epoch; nil where rows have no time.
    let time: Int64?
    let number: Int64

    /// As a page token keeps it.
    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      for value in [time ?? .min, number] {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
      }
      return bytes
    }

    init(time: Int64?, number: Int64) {
      self.time = time
      self.number = number
    }

    /// Nil for bytes of another form.
    init?(_ bytes: [UInt8]) {
      guard bytes.count == 16 else { return nil }
      let words = [bytes[0..<8], bytes[8..<16]].map { $0.reduce(0) { $0 << 8 | Int64($1) } }
      self.init(time: words[0] == .min ? nil : words[0], number: words[1])
    }
  }

  /// The rows of one profile, newest first.
  ///
  /// - Parameter behind: only those behind this place.
  func list(
    of profile: Int64, in table: CustomTableDefinition, behind: Place?, limit: Int
  ) async throws -> [(place: Place, row: TablesV1.Row)] {
    var parameters: [SQLValue] = [.int(profile), .int(Int64(limit))]
    var condition = ""
    if let behind {
      parameters.append(.int(behind.number))
      condition = " AND id < $3"
      if let column = table.timeColumn, let time = behind.time {
        parameters.append(.timestamp(try Timestamp(microsecondsSinceEpoch: time)))
        condition = " AND (\(column), id) < ($4, $3)"
      }
    }
    let statement = Statement(
      name: "rows.list_of_profile",
      sql: """
        SELECT \(Self.columns(of: table)), \(table.timeColumn ?? "NULL::timestamp with time zone")
        FROM \(table.rows)
        WHERE profile = $1\(condition)
        ORDER BY \(table.newestFirst)
        LIMIT $2
        """)
    return try await database.read(statement, parameters, as: .entity(table.entity)).map { row in
      let time = try row.optionalTimestamp(table.fields.count + 3)
      return (Place(time: time?.microsecondsSinceEpoch, number: try row.int(0)), try Self.row(row, of: table))
    }
  }

  /// The latest rows of each of many profiles, newest first.
  func latest(
    of profiles: [UInt32], in table: CustomTableDefinition, limit: Int
  ) async throws -> [UInt32: [TablesV1.Row]] {
    let columns = Self.columns(of: table, as: "latest.")
    let statement = Statement(
      name: "rows.latest",
      sql: """
        SELECT \(columns), wanted.profile
        FROM unnest($1::bigint[]) AS wanted (profile)
        CROSS JOIN LATERAL (
          SELECT *
          FROM \(table.rows) AS rows
          WHERE rows.profile = wanted.profile
          ORDER BY \(table.newestFirst)
          LIMIT $2
        ) AS latest
        """)
    let rows = try await database.read(
      statement, [.intArray(profiles.map { Int64($0) }), .int(Int64(limit))], as: .entity(table.entity))
    var found: [UInt32: [TablesV1.Row]] = [:]
    for row in rows {
      found[UInt32(try row.int(table.fields.count + 3)), default: []].append(try Self.row(row, of: table))
    }
    return found
  }
}
