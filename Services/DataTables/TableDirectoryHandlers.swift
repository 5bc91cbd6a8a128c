internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers what other services ask about custom tables and rows.
struct TableDirectoryHandlers: Sendable {
  let tables: CustomTableStore
  let store: RowStore
  let writer: RowWriter
  let evaluator: RowsEvaluator

  func register(on router: inout Router) {
    router.handle(InternalV1.TableDirectoryService.describeCustomTable) { try await describe($0, $1) }
    router.handle(InternalV1.TableDirectoryService.findRows) { try await findRows($0, $1) }
    router.handle(InternalV1.TableDirectoryService.readRows) { try await readRows($0, $1) }
    router.handle(InternalV1.TableDirectoryService.writeRow) { try await writeRow($0, $1) }
    router.handle(InternalV1.TableDirectoryService.listLatestRows) { try await listLatestRows($0, $1) }
    router.handle(InternalV1.TableDirectoryService.evaluateRows) { try await evaluateRows($0, $1) }
    router.handle(InternalV1.TableDirectoryService.batchEvaluateRows) { try await batchEvaluateRows($0, $1) }
    router.handle(InternalV1.TableDirectoryService.evaluateRepository) { try await evaluateRepository($0, $1) }
  }

  private func require(_ text: String, field: String, _ call: Call) async throws -> CustomTableDefinition {
    let match = try name(text, as: DataTablesNames.table, field: field)
    guard let entity = try call.access.entity(named: match.id("entity")),
      let table = try await tables.find(match.id("table"), entity: entity)
    else { throw RPCError.notFound(match.name) }
    return table
  }

  private func describe(
    _ request: InternalV1.DescribeCustomTableRequest, _ call: Call
  ) async throws -> InternalV1.DescribeCustomTableResponse {
    let table = try await require(request.name, field: "name", call)
    var response = InternalV1.DescribeCustomTableResponse()
    response.customTable = table.message
    response.number = table.number
    return response
  }

  // MARK: - Rows

  private func findRows(
    _ request: InternalV1.FindRowsRequest, _ call: Call
  ) async throws -> InternalV1.FindRowsResponse {
    let table = try await require(request.table, field: "table", call)
    guard let key = table.key else { throw RPCError.invalid("table", "Its rows have no key. Name a repository.") }
    guard request.keys.count <= 10_000 else {
      throw RPCError.invalid("keys", "There are more than 10,000. Send fewer at a time.")
    }
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    // A key that the column would not accept belongs to no row.
    let keys = request.keys.compactMap { text in
      (try? reader.read(cell: Array(text.utf8)[...], for: key.storage)).map { (text: text, value: $0) }
    }
    let found = try await store.find(
      .array(of: keys.map(\.value), type: key.keptType), of: key, in: table, keyOnly: request.keysOnly)
    var response = InternalV1.FindRowsResponse()
    for (text, value) in keys { response.rows[text] = found[value] }
    return response
  }

  private func readRows(
    _ request: InternalV1.ReadRowsRequest, _ call: Call
  ) async throws -> InternalV1.ReadRowsResponse {
    let table = try await require(request.table, field: "table", call)
    guard request.numbers.count <= 1_000 else {
      throw RPCError.invalid("numbers", "There are more than 1,000. Send fewer at a time.")
    }
    let found = try await store.find(numbers: request.numbers, in: table)
    var response = InternalV1.ReadRowsResponse()
    response.rows = request.numbers.compactMap { found[$0] }
    return response
  }

  private func listLatestRows(
    _ request: InternalV1.ListLatestRowsRequest, _ call: Call
  ) async throws -> InternalV1.ListLatestRowsResponse {
    let table = try await require(request.table, field: "table", call)
    guard table.owner != nil else { throw RPCError.invalid("table", "Its rows belong to no profile. Name another.") }
    guard request.profiles.count <= 1_000 else {
      throw RPCError.invalid("profiles", "There are more than 1,000. Send fewer at a time.")
    }
    guard (1...100).contains(request.limit) else { throw RPCError.invalid("limit", "It is 1 to 100. Send such.") }
    let found = try await store.latest(of: request.profiles, in: table, limit: Int(request.limit))
    var response = InternalV1.ListLatestRowsResponse()
    response.profiles = found.mapValues { rows in
      var answer = InternalV1.ProfileRows()
      answer.rows = rows
      return answer
    }
    return response
  }

  private func writeRow(
    _ request: InternalV1.WriteRowRequest, _ call: Call
  ) async throws -> InternalV1.WriteRowResponse {
    let sent = request.row ?? .init()
    let isNew = sent.name.hasSuffix("/rows/-")
    let match = try name(sent.name, as: isNew ? DataTablesNames.newRow : DataTablesNames.row, field: "row.name")
    let table = try await require(match.name.parent?.description ?? "", field: "row.name", call)
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    let once = try Once(request, id: request.requestId, call: call, entity: table.entity)
    do {
      var change = try RowChange(sent.values, table: table, reader: reader)
      if isNew {
        guard request.createMissing else { throw RPCError.notFound(match.name) }
        return try await writer.create(change, in: table, once: once, deadline: call.deadline)
      }
      let key = try RowKeys.key(match, in: table, field: "row.name", reader: reader)
      guard request.createMissing, case .unique(let field, let value) = key else {
        return try await writer.update(
          key, change, in: table, name: match.name, once: once, deadline: call.deadline)
      }
      try change.set(field, to: value)
      return try await writer.upsert(key, change, in: table, once: once, deadline: call.deadline)
    } catch let fault as FieldFault { throw RPCError.invalid(fault) }
  }

  // MARK: - Criteria

  private func evaluateRows(
    _ request: InternalV1.EvaluateRowsRequest, _ call: Call
  ) async throws -> InternalV1.EvaluateRowsResponse {
    try await answer(
      [(request.criterion ?? .init(), "criterion")], profileTable: request.profileTable, now: request.now, call)[0]
  }

  private func batchEvaluateRows(
    _ request: InternalV1.BatchEvaluateRowsRequest, _ call: Call
  ) async throws -> InternalV1.BatchEvaluateRowsResponse {
    guard request.criteria.count <= 500 else {
      throw RPCError.invalid("criteria", "There are more than 500. Send fewer at a time.")
    }
    var response = InternalV1.BatchEvaluateRowsResponse()
    response.answers = try await answer(
      request.criteria.enumerated().map { ($1, "criteria[\($0)]") }, profileTable: request.profileTable,
      now: request.now, call)
    return response
  }

  private func answer(
    _ criteria: [(TargetingV1.RowsCriterion, path: String)], profileTable: String, now: Int64, _ call: Call
  ) async throws -> [InternalV1.EvaluateRowsResponse] {
    let now = try moment(now)
    var known: [String: CustomTableDefinition] = [:]
    var questions: [RowsEvaluator.Question] = []
    for (criterion, path) in criteria {
      var table = known[criterion.table]
      if table == nil { table = try await require(criterion.table, field: "\(path).table", call) }
      guard let table, table.owner?.name == profileTable else {
        throw RPCError.invalid(
          "\(path).table", "Its rows do not belong to profiles of the profile table. Name another.")
      }
      known[criterion.table] = table
      questions.append(.init(criterion: criterion, table: table, path: path))
    }
    guard let first = questions.first else { return [] }
    let zoneName = try call.access.scope(of: first.table.entity).timeZone
    do {
      return try await evaluator.answer(questions, now: now, zoneName: zoneName)
    } catch let fault as FieldFault { throw RPCError.invalid(fault) }
  }

  private func evaluateRepository(
    _ request: InternalV1.EvaluateRepositoryRequest, _ call: Call
  ) async throws -> InternalV1.EvaluateRepositoryResponse {
    let table = try await require(request.table, field: "table", call)
    guard table.message.type == .repository else {
      throw RPCError.invalid("table", "It is no repository. Name one.")
    }
    guard let field = table.field(request.column) else {
      throw RPCError.invalid("column", "The table has no column of this name. Name one that it has.")
    }
    var response = InternalV1.EvaluateRepositoryResponse()
    do {
      response.keys = try await evaluator.keys(
        of: table, whose: field, request.comparison, now: moment(request.now), zone: call.access.zone(of: table.entity))
    } catch let fault as FieldFault { throw RPCError.invalid(fault) }
    return response
  }

  private func moment(_ microseconds: Int64) throws(RPCError) -> Timestamp {
    do { return try Timestamp(microsecondsSinceEpoch: microseconds) } catch {
      throw .invalid("now", "It is outside the years 1 to 9999. Send another.")
    }
  }
}
