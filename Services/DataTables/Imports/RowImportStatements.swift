internal import Database
internal import UserTables

/// The statements that write a batch of lines, each a set at once: values travel as one array a column.
struct RowImportStatements: Sendable {
  /// A link that the file has a column for.
  struct Link: Sendable {
    let target: LinkTarget
    /// Its place in the plan.
    let place: Int
    /// It leads to rows of the imported table itself.
    let isToItself: Bool
  }

  let table: CustomTableDefinition
  let plan: ImportPlan
  let fields: [TableField]
  let links: [Link]
  /// The place in the plan of the profile, when the file has it.
  let profile: Int?

  init(table: CustomTableDefinition, plan: ImportPlan) {
    self.table = table
    self.plan = plan
    fields = plan.columns.compactMap { table.field($0.field.id) }
    links = fields.enumerated().compactMap { place, field in
      field.target.map { Link(target: $0, place: place, isToItself: $0.table == table.number) }
    }
    profile = fields.firstIndex { $0.kind == .profile }
  }

  /// The place in the plan of the key that tells whose line it is.
  var key: Int { plan.key }

  /// The places in the plan of unique columns other than the key.
  var otherUnique: [Int] { fields.indices.filter { fields[$0].storage.isUnique && $0 != key } }

  /// The required fields, and their places in the plan.
  var required: [(field: TableField, place: Int?)] {
    table.fields.filter(\.storage.isRequired).map { field in
      (field, fields.firstIndex { $0.storage.id == field.storage.id })
    }
  }

  // MARK: - Parameters

  /// One column of many lines.
  func column(_ place: Int, of lines: [ImportLine]) -> SQLValue {
    .array(of: lines.map { $0.values[place] }, type: fields[place].keptType)
  }

  /// All columns of many lines, in the plan's order.
  func columns(of lines: [ImportLine]) -> [SQLValue] {
    fields.indices.map { column($0, of: lines) }
  }

  /// The values of one column that are not null, each once.
  func distinct(_ place: Int, of lines: [ImportLine]) -> SQLValue {
    var seen = Set(lines.map { $0.values[place] })
    seen.remove(.null)
    return .array(of: Array(seen), type: fields[place].keptType)
  }

  // MARK: - Finding

  /// `$1`: keys. Gives those of rows that exist; they stay until the lines that link to them are written.
  func targets(of link: Link) -> Statement {
    Statement(
      name: "row_import.targets",
      sql: """
        SELECT \(link.target.key)
        FROM \(link.target.rows)
        WHERE \(link.target.key) = ANY ($1::\(link.target.type.sqlType)[])
        FOR KEY SHARE
        """)
  }

  /// `$1`: the lines' values of a unique column, `$2`: their keys. Gives the places, from 1, of lines whose value belongs
  /// to a row of another key.
  func owners(of place: Int) -> Statement {
    let (value, key) = (fields[place], fields[key])
    return Statement(
      name: "row_import.owners",
      sql: """
        SELECT input.place
        FROM unnest($1::\(value.keptType.sqlType)[], $2::\(key.keptType.sqlType)[]) WITH ORDINALITY
          AS input (value, key, place)
        JOIN \(table.rows) AS row ON row.\(value.column) = input.value
        WHERE row.\(key.column) IS DISTINCT FROM input.key
        """)
  }

  // MARK: - Writing

  /// From `$1`: the columns. Gives number, profile, whether the row is new, and the key where a line may be left out: an
  /// import that only creates leaves out those whose key exists.
  var insert: Statement {
    let columns = fields.map(\.column)
    let key = fields[key].column
    let onlyCreates = plan.mode == .create
    let conflict =
      onlyCreates
      ? "NOTHING"
      : """
      UPDATE
        SET \(assignments(from: "excluded").joined(separator: ",\n    "))
      """
    return Statement(
      name: "row_import.insert",
      sql: """
        INSERT INTO \(table.rows) AS row (\(columns.joined(separator: ", ")))
        SELECT \(columns.joined(separator: ", "))
        FROM \(input(withPlace: false))
        ON CONFLICT (\(key)) DO \(conflict)
        -- A row that was not there before has no transaction that deleted or locked it.
        RETURNING row.id, \(profileColumn), row.xmax = 0, \(onlyCreates ? "row.\(key)" : "NULL::text")
        """)
  }

  /// From `$1`: the columns. Gives place from 1, number and profile.
  var update: Statement {
    let key = fields[key].column
    return Statement(
      name: "row_import.update",
      sql: """
        UPDATE \(table.rows) AS row
        SET \(assignments(from: "input").joined(separator: ",\n  "))
        FROM \(input(withPlace: true))
        WHERE row.\(key) = input.\(key)
        RETURNING input.place, row.id, \(profileColumn)
        """)
  }

  private var profileColumn: String { table.owner == nil ? "0::bigint" : "row.profile" }

  private func assignments(from source: String) -> [String] {
    let columns = fields.enumerated().filter { $0.offset != key }.map(\.element.column)
    return ["updated_at = now()"]
      + columns.map { "\($0) = " + (plan.emptyClears ? "\(source).\($0)" : "COALESCE(\(source).\($0), row.\($0))") }
  }

  private func input(withPlace: Bool) -> String {
    let arrays = fields.enumerated().map { "$\($0 + 1)::\($1.keptType.sqlType)[]" }.joined(separator: ", ")
    let names = fields.map(\.column) + (withPlace ? ["place"] : [])
    return "unnest(\(arrays))\(withPlace ? " WITH ORDINALITY" : "") AS input (\(names.joined(separator: ", ")))"
  }
}
