internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// Keeps the definitions of forms.
struct FormStore: Sendable {
  private let database: Database
  private let entities: EntityRoles

  /// - Parameter schema: makes the roles of entities.
  init(database: Database, schema: SchemaConnection) {
    self.database = database
    self.entities = EntityRoles(schema: schema)
  }

  /// Makes the role of an entity, unless there is one.
  func ensureRole(of entity: Int64) async throws {
    try await entities.ensure(entity)
  }

  // MARK: - Reading

  /// The form of an id, or nil where the entity has none.
  func find(_ id: String, entity: Int64) async throws -> FormDefinition? {
    try await entities.ensure(entity)
    return try await database.read(Self.byID, [.int(entity), .text(id)], as: .entity(entity)).first.map(Self.form)
  }

  private static let byID = Statement(
    name: "forms.find",
    sql: """
      SELECT \(columns)
      FROM forms
      WHERE entity = $1 AND id = $2
      """)

  /// The form of a number, or nil where the entity has none.
  func find(number: Int64, entity: Int64) async throws -> FormDefinition? {
    try await entities.ensure(entity)
    return try await database.read(Self.byNumber, [.int(number)], as: .entity(entity)).first.map(Self.form)
  }

  private static let byNumber = Statement(
    name: "forms.byNumber",
    sql: """
      SELECT \(columns)
      FROM forms
      WHERE number = $1
      """)

  /// The form as it is until the transaction ends: nobody changes or closes it before.
  ///
  /// - Parameter alone: nobody else answers it before, either, so that participations can be counted.
  static func lock(number: Int64, alone: Bool, in transaction: Transaction) async throws -> FormDefinition? {
    try await transaction.execute(alone ? lockAlone : share, [.int(number)]).first.map(form)
  }

  private static let share = Statement(
    name: "forms.share", sql: "SELECT \(columns) FROM forms WHERE number = $1 FOR SHARE")
  private static let lockAlone = Statement(
    name: "forms.lock", sql: "SELECT \(columns) FROM forms WHERE number = $1 FOR UPDATE")

  /// Forms of one entity by id, behind `after`.
  func list(entity: Int64, after: String, limit: Int) async throws -> [FormDefinition] {
    try await entities.ensure(entity)
    return try await database.read(
      Self.inOrder, [.int(entity), .text(after), .int(Int64(limit))], as: .entity(entity)
    ).map(Self.form)
  }

  private static let inOrder = Statement(
    name: "forms.list",
    sql: """
      SELECT \(columns)
      FROM forms
      WHERE entity = $1 AND id > $2 COLLATE "C"
      ORDER BY id COLLATE "C"
      LIMIT $3
      """)

  /// Forms by number, of whichever entities the transaction's role sees.
  static func find(numbers: [Int64], in transaction: Transaction) async throws -> [Int64: FormDefinition] {
    let rows = try await transaction.execute(byNumbers, [.intArray(numbers.map(Optional.some))])
    return Dictionary(try rows.map(form).map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static let byNumbers = Statement(
    name: "forms.byNumbers",
    sql: """
      SELECT \(columns)
      FROM forms
      WHERE number = ANY ($1::bigint[])
      """)

  /// One form of each profile table that forms were made for, of every entity.
  func listOnePerProfileTable() async throws -> [FormDefinition] {
    try await database.read(Self.onePerTable, [], as: .worker).map(Self.form)
  }

  private static let onePerTable = Statement(
    name: "forms.onePerTable",
    sql: """
      SELECT DISTINCT ON (profile_table) \(columns)
      FROM forms
      ORDER BY profile_table, number
      """)

  static let columns = """
    number, entity, time_zone, profile_table, definition, state, published_questions, version, created_at, updated_at
    """

  private static func form(_ row: Row) throws -> FormDefinition {
    var message = try FormsV1.Form(decoding: row.bytes(4))
    message.state = FormsV1.FormState(rawValue: Int32(try row.int(5)))
    message.version = try row.int(7)
    message.createTime = try row.timestamp(8).message
    message.updateTime = try row.timestamp(9).message
    return try FormDefinition(
      number: row.int(0), entity: row.int(1), timeZone: row.text(2), profileTable: row.int(3), message: message,
      publishedQuestions: row.textArray(6).compactMap(\.self))
  }

  // MARK: - Writing

  /// Keeps a checked definition as a draft.
  ///
  /// - Returns: nil when the entity has a form of this id, whatever its case.
  func create(
    _ message: FormsV1.Form, id: String, entity: Principal.Entity, profileTable: Int64, at now: Timestamp
  ) async throws -> FormDefinition? {
    try await entities.ensure(entity.id)
    return try await database.write(
      Self.insert,
      [
        .int(entity.id), .text(id), .text(entity.timeZone), .int(profileTable), .bytes(message.definition.encoded()),
        .int(Int64(FormsV1.FormState.draft.rawValue)), .timestamp(now),
      ], as: .entity(entity.id)
    ).first.map(Self.form)
  }

  private static let insert = Statement(
    name: "forms.insert",
    sql: """
      INSERT INTO forms (entity, id, time_zone, profile_table, definition, state, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
      ON CONFLICT (entity, lower(id)) DO NOTHING
      RETURNING \(columns)
      """)

  /// Replaces the definition that was read before.
  ///
  /// - Returns: nil when another writer was faster, or deleted it.
  func replace(
    _ old: FormDefinition, with message: FormsV1.Form, entity: Principal.Entity, at now: Timestamp
  ) async throws -> FormDefinition? {
    // What was published keeps its kind, also when it is removed and added again.
    let published =
      old.publishedQuestions.isEmpty ? [] : Set(old.publishedQuestions).union(message.questionKinds).sorted()
    return try await database.write(
      Self.update,
      [
        .int(old.number), .int(old.message.version), .bytes(message.definition.encoded()), .text(entity.timeZone),
        .textArray(published.map(Optional.some)), .timestamp(now),
      ], as: .entity(old.entity)
    ).first.map(Self.form)
  }

  private static let update = Statement(
    name: "forms.update",
    sql: """
      UPDATE forms
      SET definition = $3, time_zone = $4, published_questions = $5, participations = NULL, version = version + 1,
        updated_at = $6
      WHERE number = $1 AND version = $2
      RETURNING \(columns)
      """)

  /// Opens or closes a form as it was read before.
  ///
  /// - Returns: nil when its definition was changed meanwhile, or it was deleted.
  func set(_ state: FormsV1.FormState, of form: FormDefinition, at now: Timestamp) async throws -> FormDefinition? {
    var published = Set(form.publishedQuestions)
    if state == .published { published.formUnion(form.message.questionKinds) }
    return try await database.write(
      Self.setState,
      [
        .int(form.number), .int(form.message.version), .int(Int64(state.rawValue)),
        .textArray(published.sorted().map(Optional.some)), .timestamp(now),
      ], as: .entity(form.entity)
    ).first.map(Self.form)
  }

  private static let setState = Statement(
    name: "forms.setState",
    sql: """
      UPDATE forms
      SET state = $3, published_questions = $4, updated_at = $5
      WHERE number = $1 AND version = $2
      RETURNING \(columns)
      """)

  /// What came of deleting a form.
  enum Deletion: Sendable { case deleted, isPublished, notFound }

  /// Deletes a form with its participations.
  func delete(_ id: String, entity: Int64) async throws -> Deletion {
    try await entities.ensure(entity)
    return try await database.transaction(as: .entity(entity)) { transaction in
      guard let row = try await transaction.execute(Self.lockByID, [.int(entity), .text(id)]).first else {
        return .notFound
      }
      let form = try Self.form(row)
      if form.message.state == .published { return .isPublished }
      try await transaction.execute(Self.remove, [.int(form.number)])
      return .deleted
    }
  }

  private static let lockByID = Statement(
    name: "forms.lockByID", sql: "SELECT \(columns) FROM forms WHERE entity = $1 AND id = $2 FOR UPDATE")
  private static let remove = Statement(name: "forms.delete", sql: "DELETE FROM forms WHERE number = $1")
}

extension FormsV1.Form {
  /// What of it is kept as its definition: without what the columns beside it hold.
  fileprivate var definition: FormsV1.Form {
    var definition = self
    definition.state = .unspecified
    definition.publicUrl = ""
    definition.version = 0
    definition.createTime = nil
    definition.updateTime = nil
    return definition
  }
}
