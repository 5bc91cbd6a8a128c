internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about rows.
struct RowHandlers: Sendable {
  let tables: CustomTableStore
  let store: RowStore
  let writer: RowWriter
  let profiles: ProfileDirectory
  let exports: ExportGate
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(TablesV1.TableService.createRow) { try await create($0, $1) }
    router.handle(TablesV1.TableService.upsertRow) { try await upsert($0, $1) }
    router.handle(TablesV1.TableService.updateRow) { try await update($0, $1) }
    router.handle(TablesV1.TableService.getRow) { try await get($0, $1) }
    router.handle(TablesV1.TableService.batchGetRows) { try await batchGet($0, $1) }
    router.handle(TablesV1.TableService.listRows) { try await list($0, $1) }
    router.handle(TablesV1.TableService.deleteRow) { try await delete($0, $1) }
    router.handle(TablesV1.TableService.exportRows) { try await export($0, $1, $2) }
  }

  // MARK: - Writing

  private func create(_ request: TablesV1.CreateRowRequest, _ call: Call) async throws -> TablesV1.Row {
    let parent = try name(request.parent, as: DataTablesNames.table, field: "parent")
    let table = try await tables.require(parent, right: .write, call: call)
    let change = try self.change(request.row?.values ?? [:], table: table, call: call)
    let once = try Once(request, id: request.requestId, call: call, entity: table.entity)
    return try await row(
      writer.create(change, in: table, once: once, deadline: call.deadline).number, in: table)
  }

  private func upsert(_ request: TablesV1.UpsertRowRequest, _ call: Call) async throws -> TablesV1.UpsertRowResponse {
    let sent = request.row ?? .init()
    let match = try name(sent.name, as: DataTablesNames.row, field: "row.name")
    let table = try await tables.require(match, right: .write, call: call)
    guard case .unique(let field, let value) = try key(match, in: table, field: "row.name", call: call) else {
      throw RPCError.invalid("row.name", "It ends in a number. End it in a unique column: `column=value`.")
    }
    var change = try self.change(sent.values, table: table, call: call)
    do throws(FieldFault) { try change.set(field, to: value) } catch { throw RPCError.invalid(error) }
    let once = try Once(request, id: request.requestId, call: call, entity: table.entity)
    let written = try await writer.upsert(
      .unique(field, value), change, in: table, once: once, deadline: call.deadline)
    var response = TablesV1.UpsertRowResponse()
    response.row = try await row(written.number, in: table)
    response.created = written.created
    return response
  }

  private func update(_ request: TablesV1.UpdateRowRequest, _ call: Call) async throws -> TablesV1.Row {
    let sent = request.row ?? .init()
    let match = try name(sent.name, as: DataTablesNames.row, field: "row.name")
    let table = try await tables.require(match, right: .write, call: call)
    let key = try self.key(match, in: table, field: "row.name", call: call)
    let change = try self.change(
      sent.values, mask: maskedValues(request.updateMask?.paths ?? [], of: "values", noun: "column"), table: table,
      call: call)
    let once = try Once(request, id: request.requestId, call: call, entity: table.entity)
    let written = try await writer.update(
      key, change, in: table, name: match.name, once: once, deadline: call.deadline)
    return try await row(written.number, in: table)
  }

  private func delete(_ request: TablesV1.DeleteRowRequest, _ call: Call) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: DataTablesNames.row, field: "name")
    let table = try await tables.require(match, right: .write, call: call)
    try await writer.delete(key(match, in: table, field: "name", call: call), in: table, name: match.name)
    return GoogleProtobuf.Empty()
  }

  /// A row that was just written, as it is now.
  private func row(_ number: Int64, in table: CustomTableDefinition) async throws -> TablesV1.Row {
    guard let row = try await store.find(.number(number), in: table) else { throw RPCError.deletedMeanwhile }
    return row
  }

  private func change(
    _ values: [String: TypeV1.Value], mask: [String]? = nil, table: CustomTableDefinition, call: Call
  ) throws(RPCError) -> RowChange {
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    do throws(FieldFault) {
      return try RowChange(values, mask: mask, table: table, reader: reader)
    } catch {
      throw .invalid(error)
    }
  }

  // MARK: - Reading

  private func get(_ request: TablesV1.GetRowRequest, _ call: Call) async throws -> TablesV1.Row {
    let match = try name(request.name, as: DataTablesNames.row, field: "name")
    let table = try await tables.require(match, right: .read, call: call)
    let key = try self.key(match, in: table, field: "name", call: call)
    guard let row = try await store.find(key, in: table) else { throw RPCError.notFound(match.name) }
    return row
  }

  private func batchGet(
    _ request: TablesV1.BatchGetRowsRequest, _ call: Call
  ) async throws -> TablesV1.BatchGetRowsResponse {
    let parent = try name(request.parent, as: DataTablesNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    guard request.names.count <= 1_000 else {
      throw RPCError.invalid("names", "There are more than 1,000. Send fewer at a time.")
    }
    let numbers = try request.names.enumerated().map { index, text in
      let field = "names[\(index)]"
      let match = try name(text, as: DataTablesNames.row, field: field)
      guard match.name.parent == parent.name else {
        throw RPCError.invalid(field, "It is not of the table of `parent`. Send names of one table.")
      }
      guard let number = match["row"].number else {
        throw RPCError.invalid(field, "It does not end in a row's number. End it in one.")
      }
      return number
    }
    let found = try await store.find(numbers: numbers, in: table)
    var response = TablesV1.BatchGetRowsResponse()
    response.rows = numbers.compactMap { found[$0] }
    return response
  }

  private func list(_ request: TablesV1.ListRowsRequest, _ call: Call) async throws -> TablesV1.ListRowsResponse {
    let parent = try name(request.parent, as: DataTablesNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    let page = try Page(
      of: .init(method: call.path, parent: request.parent, filter: request.profile), size: request.pageSize,
      token: request.pageToken, tokens: pages)
    if !request.profile.isEmpty { return try await list(ofProfile: request.profile, in: table, page, call) }
    let found = try await store.list(in: table, after: page.number ?? 0, limit: page.size + 1)
    var response = TablesV1.ListRowsResponse()
    response.rows = Array(found.prefix(page.size))
    if found.count > page.size {
      response.nextPageToken = try page.next(number: response.rows.last.flatMap(\.number) ?? 0)
    }
    return response
  }

  private func list(
    ofProfile text: String, in table: CustomTableDefinition, _ page: Page, _ call: Call
  ) async throws -> TablesV1.ListRowsResponse {
    let match = try name(text, as: DataTablesNames.profile, field: "profile")
    guard let owner = table.owner, match.name.parent?.description == owner.name else {
      throw RPCError.invalid("profile", "The table's rows belong to no profile of that table. Name one that they do.")
    }
    let profile = try await number(of: match, in: table, call)
    let found = try await store.list(
      of: profile, in: table, behind: page.position.flatMap(RowStore.Place.init), limit: page.size + 1)
    var response = TablesV1.ListRowsResponse()
    response.rows = found.prefix(page.size).map(\.row)
    if found.count > page.size { response.nextPageToken = try page.next(found[page.size - 1].place.bytes) }
    return response
  }

  private func number(of profile: ResourceMatch, in table: CustomTableDefinition, _ call: Call) async throws -> Int64 {
    if let number = profile["profile"].number { return number }
    let entity = try call.access.scope(of: table.entity)
    return Int64(
      try await profiles.find(profile, field: "profile", entity: entity, deadline: call.deadline).profile)
  }

  private func export(
    _ request: TablesV1.ExportRowsRequest, _ writer: ResponseWriter<TablesV1.ExportRowsResponse>, _ call: Call
  ) async throws {
    let parent = try name(request.parent, as: DataTablesNames.table, field: "parent")
    let table = try await tables.require(parent, right: .export, call: call)
    let fields = try request.columns.enumerated().map { index, id in
      guard let field = table.field(id) else {
        throw RPCError.invalid("columns[\(index)]", "The table has no column “\(id)”. Name one that it has.")
      }
      return field
    }
    try await exports.run { chunk in
      var response = TablesV1.ExportRowsResponse()
      response.chunk = chunk
      try await writer.send(response)
    } _: { send in
      try await store.export(fields.isEmpty ? table.fields : fields, of: table, send)
    }
  }

  private func key(
    _ match: ResourceMatch, in table: CustomTableDefinition, field path: String, call: Call
  ) throws(RPCError) -> RowStore.Key {
    let reader = FieldReader(zone: try call.access.zone(of: table.entity))
    return try RowKeys.key(match, in: table, field: path, reader: reader)
  }
}
