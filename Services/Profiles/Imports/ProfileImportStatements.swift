internal import Database
internal import UserTables

/// The statements that write a batch of lines, each a set at once: values travel as one array a column.
struct ProfileImportStatements: Sendable {
  /// A tracked field that the file has a column for.
  struct Tracked: Sendable {
    let field: ProfileField
    /// Its place in the plan.
    let place: Int
  }

  let table: ProfileTableDefinition
  let plan: ImportPlan
  let tracked: [Tracked]
  /// Fields that a new profile gets a value for, whether or not the file has a column for them.
  private let defaults: [(field: ProfileField, place: Int?)]

  init(table: ProfileTableDefinition, plan: ImportPlan) {
    self.table = table
    self.plan = plan
    tracked = plan.columns.enumerated().compactMap { place, column in
      guard let field = table.field(column.field.id), field.isTracked else { return nil }
      return Tracked(field: field, place: place)
    }
    defaults = table.fields.filter { $0.defaultValue != nil }.map { field in
      (field, plan.columns.firstIndex { $0.field.id == field.storage.id })
    }
  }

  /// The fields that a new profile of this line gets its default for.
  func defaulted(in line: ImportLine) -> [ProfileField] {
    defaults.filter { entry in entry.place.map { line.values[$0] == .null } ?? true }.map(\.field)
  }

  /// The technical names of the fields that the file fills.
  var fieldIDs: [String] { plan.columns.map(\.field.id) }

  // MARK: - Parameters

  /// One column of many lines.
  func column(_ place: Int, of lines: [ImportLine]) -> SQLValue {
    let field = plan.columns[place].field
    let values = lines.map { $0.values[place] }
    return field.isMultiValued ? .textArray(values.map(\.jsonArrayText)) : .array(of: values, type: field.type)
  }

  /// All columns of many lines, in the plan's order.
  func columns(of lines: [ImportLine]) -> [SQLValue] {
    plan.columns.indices.map { column($0, of: lines) }
  }

  // MARK: - Finding

  /// `$1`: the lines' keys. Gives place from 1, id, and the tracked columns, locked in the order of ids, as every writer
  /// of many locks them.
  var lock: Statement {
    let key = plan.columns[plan.key].field
    let columns = ["input.place", "profile.id"] + tracked.map { "profile.\($0.field.storage.column)" }
    return Statement(
      name: "profile_import.lock",
      sql: """
        SELECT \(columns.joined(separator: ", "))
        FROM unnest($1::\(key.type.sqlType)[]) WITH ORDINALITY AS input (key, place)
        JOIN \(table.rows) AS profile ON profile.\(key.column) = input.key
        ORDER BY profile.id
        FOR UPDATE OF profile
        """)
  }

  /// `$1`: the lines' values of a unique field. Gives place from 1 and the id of the profile that has the value.
  func owner(of field: FieldDefinition) -> Statement {
    Statement(
      name: "profile_import.owner",
      sql: """
        SELECT input.place, profile.id
        FROM unnest($1::\(field.type.sqlType)[]) WITH ORDINALITY AS input (value, place)
        JOIN \(table.rows) AS profile ON profile.\(field.column) = input.value
        """)
  }

  // MARK: - Writing

  /// `$1`: how many. Draws ids for profiles that are known to be new.
  var ids: Statement {
    Statement(
      name: "profile_import.ids",
      sql: "SELECT nextval('\(table.ids)') FROM generate_series(1, $1)")
  }

  /// `$1`: ids; from `$2`: the columns.
  var insert: Statement {
    var columns = ["id"]
    var values = ["input.id"]
    for column in plan.columns {
      columns.append(column.field.column)
      values.append(newValue(of: column.field))
      guard let field = table.field(column.field.id), field.isTracked else { continue }
      columns.append(field.sinceColumn)
      values.append(field.defaultValue == nil ? "CASE WHEN input.\(column.field.column) IS NOT NULL THEN now() END" : "now()")
    }
    for (field, place) in defaults where place == nil {
      columns.append(field.sinceColumn)
      values.append("now()")
    }
    return Statement(
      name: "profile_import.insert",
      sql: """
        INSERT INTO \(table.rows) (\(columns.joined(separator: ", ")))
        SELECT \(values.joined(separator: ", "))
        FROM \(input)
        """)
  }

  /// `$1`: ids; from `$2`: the columns.
  var update: Statement {
    var assignments = ["updated_at = now()"]
    for column in plan.columns {
      let name = column.field.column
      let value = stored(column.field)
      assignments.append("\(name) = " + (plan.emptyClears ? value : "COALESCE(\(value), profile.\(name))"))
      guard let field = table.field(column.field.id), field.isTracked else { continue }
      let isSent = plan.emptyClears ? "" : "input.\(name) IS NOT NULL AND "
      assignments.append(
        "\(field.sinceColumn) = CASE WHEN \(isSent)input.\(name) IS DISTINCT FROM profile.\(name) THEN now() "
          + "ELSE profile.\(field.sinceColumn) END")
    }
    return Statement(
      name: "profile_import.update",
      sql: """
        UPDATE \(table.rows) AS profile
        SET \(assignments.joined(separator: ",\n  "))
        FROM \(input)
        WHERE profile.id = input.id
        """)
  }

  /// The parameters of ``HistoryRows``.
  var history: Statement {
    Statement(
      name: "profile_import.history",
      sql: """
        INSERT INTO \(table.history) (profile, field, before, after, source, way)
        SELECT profile, field, before, after, $5, $6
        FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[]) AS changes (profile, field, before, after)
        """)
  }

  private var input: String {
    let types = ["bigint"] + plan.columns.map { $0.field.isMultiValued ? "text" : $0.field.type.sqlType }
    let arrays = types.enumerated().map { "$\($0 + 1)::\($1)[]" }.joined(separator: ", ")
    let names = (["id"] + plan.columns.map(\.field.column)).joined(separator: ", ")
    return "unnest(\(arrays)) AS input (\(names))"
  }

  /// What a column keeps of its input: arrays of arrays do not exist, so several values travel as a JSON array.
  private func stored(_ field: FieldDefinition) -> String {
    guard field.isMultiValued else { return "input.\(field.column)" }
    let elements = "ARRAY(SELECT jsonb_array_elements_text(input.\(field.column)::jsonb))::\(field.sqlType)"
    return "CASE WHEN input.\(field.column) IS NOT NULL THEN \(elements) END"
  }

  private func newValue(of field: FieldDefinition) -> String {
    guard let value = table.field(field.id)?.defaultValue else { return stored(field) }
    // The rules let only letters, digits, hyphens and underscores into a default.
    return "COALESCE(\(stored(field)), '\(value)')"
  }
}

/// Rows of the history of many profiles.
struct HistoryRows: Sendable {
  private var profiles: [Int64?] = []
  private var fields: [Int64?] = []
  private var before: [String?] = []
  private var after: [String?] = []
  private let provenance: Provenance

  init(provenance: Provenance) {
    self.provenance = provenance
  }

  /// Adds a change, unless nothing changes.
  mutating func add(_ field: ProfileField, of profile: Int64, before: SQLValue, after: SQLValue) {
    if before == after { return }
    profiles.append(profile)
    fields.append(Int64(field.storage.number))
    self.before.append(before.historyText)
    self.after.append(after.historyText)
  }

  /// For ``ProfileImportStatements/history``.
  var parameters: [SQLValue] {
    [
      .intArray(profiles), .intArray(fields), .textArray(before), .textArray(after), .text(provenance.source),
      .text(provenance.way),
    ]
  }
}
