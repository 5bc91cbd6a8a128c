internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

extension ProfileStore {
  /// What came of writing a profile.
  enum Written: Sendable {
    case written(id: Int64, created: Bool)
    /// Another profile has a value of this unique field.
    case taken(ProfileField)
    case notFound
  }

  /// Creates a profile with these values.
  func create(
    _ change: ProfileChange, in table: ProfileTableDefinition, provenance: Provenance, transaction: Transaction
  ) async throws -> Written {
    var change = change
    try change.complete(for: table)
    if let field = try await taken(by: nil, change, in: table, transaction) { return .taken(field) }
    let values = change.values.filter { $0.value != .null }
    var columns = ["id"] + values.map(\.field.storage.column)
    var expressions = ["nextval('\(table.ids)')"] + values.indices.map { "$\($0 + 1)" }
    for value in values where value.field.isTracked {
      columns.append(value.field.sinceColumn)
      expressions.append("now()")
    }
    let statement = Statement(
      name: "profiles.insert",
      sql: """
        INSERT INTO \(table.rows) (\(columns.joined(separator: ", ")))
        VALUES (\(expressions.joined(separator: ", ")))
        RETURNING id
        """)
    guard let row = try await transaction.execute(statement, values.map(\.value)).first else { return .notFound }
    let id = try row.int(0)
    let changes = values.filter(\.field.isTracked).map { FieldTransition(field: $0.field, before: .null, after: $0.value) }
    try await record(changes, of: id, in: table, provenance, transaction)
    return .written(id: id, created: true)
  }

  /// Changes the profile of a key.
  func update(
    _ key: Key, _ change: ProfileChange, in table: ProfileTableDefinition, provenance: Provenance,
    transaction: Transaction
  ) async throws -> Written {
    let tracked = change.values.filter(\.field.isTracked)
    let lock = Statement(
      name: "profiles.lock",
      sql: """
        SELECT \((["id"] + tracked.map(\.field.storage.column)).joined(separator: ", "))
        FROM \(table.rows)
        WHERE \(key.column) = $1
        FOR UPDATE
        """)
    guard let before = try await transaction.execute(lock, [key.value]).first else { return .notFound }
    let id = try before.int(0)
    if let field = try await taken(by: id, change, in: table, transaction) { return .taken(field) }
    var transitions: [FieldTransition] = []
    for (place, value) in tracked.enumerated() {
      let old = try FieldTransition.stored(value.field, in: before, at: place + 1)
      if old != value.value { transitions.append(FieldTransition(field: value.field, before: old, after: value.value)) }
    }
    var assignments = ["updated_at = now()"]
    assignments += change.values.enumerated().map { "\($1.field.storage.column) = $\($0 + 2)" }
    assignments += transitions.map { "\($0.field.sinceColumn) = now()" }
    let statement = Statement(
      name: "profiles.update",
      sql: """
        UPDATE \(table.rows)
        SET \(assignments.joined(separator: ", "))
        WHERE id = $1
        """)
    try await transaction.execute(statement, [.int(id)] + change.values.map(\.value))
    try await record(transitions, of: id, in: table, provenance, transaction)
    return .written(id: id, created: false)
  }

  /// The first unique field whose new value another profile has.
  ///
  /// Looked up before the write, so that no id is drawn for a profile that cannot be; the index guards the moment between.
  private func taken(
    by id: Int64?, _ change: ProfileChange, in table: ProfileTableDefinition, _ transaction: Transaction
  ) async throws -> ProfileField? {
    for (field, value) in change.values where field.storage.isUnique && value != .null {
      let statement = Statement(
        name: "profiles.taken",
        sql: """
          SELECT id
          FROM \(table.rows)
          WHERE \(field.storage.column) = $1 AND id <> $2
          """)
      let owners = try await transaction.execute(statement, [value, .int(id ?? 0)])
      if !owners.isEmpty { return field }
    }
    return nil
  }

  private func record(
    _ transitions: [FieldTransition], of id: Int64, in table: ProfileTableDefinition, _ provenance: Provenance,
    _ transaction: Transaction
  ) async throws {
    if transitions.isEmpty { return }
    let statement = Statement(
      name: "profiles.history",
      sql: """
        INSERT INTO \(table.history) (profile, field, before, after, source, way)
        SELECT $1, field, before, after, $5, $6
        FROM unnest($2::integer[], $3::text[], $4::text[]) AS changes (field, before, after)
        """)
    try await transaction.execute(
      statement,
      [
        .int(id), .intArray(transitions.map { Int64($0.field.storage.number) }),
        .textArray(transitions.map { $0.before.historyText }), .textArray(transitions.map { $0.after.historyText }),
        .text(provenance.source), .text(provenance.way),
      ])
  }
}

/// Where data came from, kept with each change.
struct Provenance: Sendable, Hashable {
  let source: String
  let way: String
}

/// A tracked field that changes.
struct FieldTransition: Sendable {
  let field: ProfileField
  let before: SQLValue
  let after: SQLValue

  /// What a tracked field's column holds.
  static func stored(_ field: ProfileField, in row: Row, at column: Int) throws -> SQLValue {
    if try row.isNull(column) { return .null }
    return field.storage.type == .boolean ? .bool(try row.bool(column)) : .text(try row.text(column))
  }
}

extension SQLValue {
  /// How a tracked field's value stands in the history: a choice, `true` or `false`.
  var historyText: String? {
    switch self {
    case .bool(let flag): flag ? "true" : "false"
    case .text(let text): text
    default: nil
    }
  }
}
