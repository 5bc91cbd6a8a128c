internal import Database
internal import Messages
internal import RPC
internal import UserTables
internal import Values

/// Days that dates of profiles fall on.
struct ProfileDays: Sendable, Hashable {
  /// Of one year.
  private(set) var days: [CalendarDate] = []
  /// Of every year, as month × 100 + day.
  private(set) var daysOfYear: [Int64] = []

  /// - Throws: ``RPCError`` INVALID_ARGUMENT, naming a day that there is not.
  init(_ days: [InternalV1.CalendarDay]) throws(RPCError) {
    for (index, day) in days.enumerated() {
      // A leap year, so that 29 February is a day of every year.
      let year = day.year == 0 ? 2_000 : Int(day.year)
      guard let date = try? CalendarDate(year: year, month: Int(day.month), day: Int(day.day)) else {
        throw .invalid("days[\(index)]", "There is no such day. Send one that there is.")
      }
      if day.year == 0 { daysOfYear.append(Int64(day.month * 100 + day.day)) } else { self.days.append(date) }
    }
  }
}

extension ProfileStore {
  /// The longest that one look at a table may take.
  private static let timeout = Duration.seconds(60)

  /// Profiles whose value of a field falls on one of some days, by id, behind `after`.
  ///
  /// - Parameters:
  ///   - field: of type date or timestamp, with a single value. A timestamp falls on its day in UTC.
  /// - Complexity: one pass over the table, or over the part of it behind `after`: a million profiles take some four times
  ///   as long as to count them, a third of a second of one core.
  func find(
    _ field: ProfileField, on days: ProfileDays, in table: ProfileTableDefinition, after: Int64, limit: Int
  ) async throws -> [InternalV1.DatedProfile] {
    let zone = table.field(meaning: .timeZone)
    let statement = Self.dated(field, zone: zone, in: table)
    let parameters: [SQLValue] = [
      .int(after), .intArray(days.daysOfYear.map(Optional.some)), .dateArray(days.days.map(Optional.some)),
      .int(Int64(limit)), .intArray(days.daysOfYear.map { $0 % 100 }),
    ]
    let rows = try await database.transaction(
      as: .entity(table.entity), readOnly: true, timeout: Self.timeout
    ) { transaction in
      try await transaction.execute(statement, parameters)
    }
    return try rows.map { row in
      var profile = InternalV1.DatedProfile()
      profile.id = UInt32(try row.int(0))
      profile.value = try FieldWriter.value(of: field.storage, in: row, at: 1)
      profile.timeZone = try row.optionalText(2) ?? ""
      return profile
    }
  }

  private static func dated(_ field: ProfileField, zone: ProfileField?, in table: ProfileTableDefinition) -> Statement {
    let column = field.storage.column
    let day = field.storage.type == .date ? column : "(\(column) AT TIME ZONE 'UTC')::date"
    return Statement(
      name: "profiles.dated",
      sql: """
        SELECT id, \(column), \(zone?.storage.column ?? "NULL::text")
        FROM \(table.rows)
        WHERE id > $1
          AND (
            -- The day of the month tells most apart already.
            (date_part('day', \(day))::integer = ANY ($5::integer[])
              AND (date_part('month', \(day)) * 100 + date_part('day', \(day)))::integer = ANY ($2::integer[]))
            OR \(day) = ANY ($3::date[]))
        ORDER BY id
        LIMIT $4
        """)
  }
}
