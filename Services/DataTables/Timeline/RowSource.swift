internal import Database
internal import Messages
internal import UserTables
internal import Values

/// The rows of an INTERACTIONS table.
struct RowSource: InteractionSource {
  let table: CustomTableDefinition
  let database: Database

  var name: String { "tables.\(table.number)" }

  /// The bound is the highest number of a row: whatever is written later has a higher one, whatever time it bears.
  func list(_ query: TimelineQuery, bound: [UInt8]?) async throws -> (items: [TimelineItem], bound: [UInt8]) {
    guard let time = table.timeColumn else { return ([], bound ?? []) }
    var statement = Conditions(time: time)
    let upTo = bound.map { statement.parameter(.int(Int64(bigEndianBytes: $0) ?? 0), "bigint") }
    let profile = statement.parameter(.int(Int64(query.profile)), "bigint")
    let limit = statement.parameter(.int(Int64(query.limit)), "bigint")
    if let start = query.start { statement.add(">=", start) }
    if let end = query.end { statement.add("<", end) }
    if let after = query.after { try statement.add(behind: after, source: name) }
    let sql = """
      SELECT bound.id, \(RowStore.columns(of: table, as: "rows.")), rows.\(time)
      FROM (SELECT \(upTo ?? "COALESCE((SELECT max(id) FROM \(table.rows)), 0)") AS id) AS bound
      LEFT JOIN LATERAL (
        SELECT *
        FROM \(table.rows)
        WHERE profile = \(profile) AND \(table.rows).id <= bound.id\(statement.conditions)
        ORDER BY \(table.newestFirst)
        LIMIT \(limit)
      ) AS rows ON true
      """
    let rows = try await database.read(
      Statement(name: "timeline.rows", sql: sql), statement.parameters, as: .entity(table.entity))
    let items = try rows.filter { try !$0.isNull(1) }.map(item)
    return (items, try rows.first?.int(0).bigEndianBytes ?? [])
  }

  /// Conditions on the time of rows, and their parameters.
  private struct Conditions {
    let time: String
    private(set) var parameters: [SQLValue] = []
    private(set) var conditions = ""

    init(time: String) {
      self.time = time
    }

    mutating func parameter(_ value: SQLValue, _ type: String) -> String {
      parameters.append(value)
      return "$\(parameters.count)::\(type)"
    }

    mutating func add(_ sign: String, _ bound: Timestamp) {
      conditions += " AND \(time) \(sign) \(parameter(.timestamp(bound), FieldType.timestamp.sqlType))"
    }

    /// Only what comes behind a place, which may be of another source.
    mutating func add(behind place: TimelinePlace, source: String) throws {
      let bound = try Timestamp(microsecondsSinceEpoch: place.time)
      if source == place.source {
        let edge = parameter(.timestamp(bound), FieldType.timestamp.sqlType)
        conditions += " AND (\(time), id) < (\(edge), \(parameter(.int(place.number), "bigint")))"
      } else {
        add(source > place.source ? "<=" : "<", bound)
      }
    }
  }

  private func item(_ row: Row) throws -> TimelineItem {
    let values = try RowStore.row(row, of: table, from: 1)
    let time = try row.timestamp(table.fields.count + 4)
    let number = try row.int(1)
    var interaction = InteractionsV1.Interaction()
    interaction.id = "\(name)/\(number)"
    interaction.kind = .row
    interaction.time = time.message
    interaction.resource = values.name
    interaction.summary = try summary(values, number: number)
    interaction.values = values.values
    return TimelineItem(
      place: TimelinePlace(time: time.microsecondsSinceEpoch, source: name, number: number), interaction: interaction)
  }

  private func summary(_ row: TablesV1.Row, number: Int64) throws -> String {
    let id = table.message.name.split(separator: "/").last.map(String.init) ?? ""
    let label = table.message.displayName.isEmpty ? id : table.message.displayName
    let key = try FieldWriter.text(of: row.values[table.message.keyColumn])
    return "\(label) \(key.isEmpty ? String(number) : key)"
  }
}
