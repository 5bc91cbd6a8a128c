internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about imports of rows.
struct RowImportHandlers: Sendable {
  let tables: CustomTableStore
  let imports: ImportCalls
  let profiles: ProfileDirectory

  func register(on router: inout Router) {
    router.handle(TablesV1.TableService.importRows) { requests, call in
      // Reading a file is work of milliseconds at a time: it leaves the connection's loop to the others.
      try await withTaskExecutorPreference(globalConcurrentExecutor) { try await run(requests, call) }
    }
    router.handle(TablesV1.TableService.getRowImport) { try await get($0, $1) }
    router.handle(TablesV1.TableService.listRowImports) { try await list($0, $1) }
    router.handle(TablesV1.TableService.listRefusedLines) { try await listRefusedLines($0, $1) }
  }

  // MARK: - Importing

  private func run(
    _ requests: RequestStream<TablesV1.ImportRowsRequest>, _ call: Call
  ) async throws -> TablesV1.RowImport {
    var iterator = requests.makeAsyncIterator()
    guard case .start(let start)? = try await iterator.next()?.part else {
      throw RPCError.invalid("start", "The first message does not carry it. Send `start` first, then the chunks.")
    }
    let (begun, table) = try await start.resume.isEmpty ? begin(start, call) : resume(start, call)
    let target = RowImportTarget(table: table, scope: try call.access.scope(of: table.entity), profiles: profiles)
    let chunks = ImportChunks(iterator) { request in
      if case .chunk(let bytes) = request.part { bytes } else { nil }
    }
    return message(
      try await imports.run(begun, chunks, into: target, zone: call.access.zone(of: table.entity)), of: table)
  }

  private func begin(
    _ start: TablesV1.ImportRowsStart, _ call: Call
  ) async throws -> (ImportCalls.Begun, CustomTableDefinition) {
    let parent = try name(start.parent, as: DataTablesNames.table, field: "start.parent")
    let table = try await tables.require(parent, right: .write, call: call)
    let settings = start.settings ?? .init()
    return (try await imports.begin(settings, requestID: start.requestId, in: table.imported), table)
  }

  private func resume(
    _ start: TablesV1.ImportRowsStart, _ call: Call
  ) async throws -> (ImportCalls.Begun, CustomTableDefinition) {
    guard start.parent.isEmpty, start.settings == nil else {
      throw RPCError.invalid("start.resume", "It stands alone. Leave `parent` and `settings` out.")
    }
    let match = try name(start.resume, as: DataTablesNames.rowImport, field: "start.resume")
    let table = try await tables.require(match, right: .write, call: call)
    return (try await imports.resume(match, in: table.imported), table)
  }

  // MARK: - Reading

  private func get(_ request: TablesV1.GetRowImportRequest, _ call: Call) async throws -> TablesV1.RowImport {
    let match = try name(request.name, as: DataTablesNames.rowImport, field: "name")
    let table = try await tables.require(match, right: .read, call: call)
    return message(try await imports.find(match, in: table.imported), of: table)
  }

  private func list(
    _ request: TablesV1.ListRowImportsRequest, _ call: Call
  ) async throws -> TablesV1.ListRowImportsResponse {
    let parent = try name(request.parent, as: DataTablesNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    let found = try await imports.list(
      of: table.imported, size: request.pageSize, token: request.pageToken, call: call)
    var response = TablesV1.ListRowImportsResponse()
    response.imports = found.records.map { message($0, of: table) }
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func listRefusedLines(
    _ request: TablesV1.ListRefusedLinesRequest, _ call: Call
  ) async throws -> TablesV1.ListRefusedLinesResponse {
    let match = try name(request.parent, as: DataTablesNames.rowImport, field: "parent")
    let table = try await tables.require(match, right: .read, call: call)
    let found = try await imports.refusedLines(
      of: match, in: table.imported, size: request.pageSize, token: request.pageToken, call: call)
    var response = TablesV1.ListRefusedLinesResponse()
    response.lines = found.lines
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func message(_ record: ImportRecord, of table: CustomTableDefinition) -> TablesV1.RowImport {
    var message = TablesV1.RowImport()
    message.name = "\(table.message.name)/imports/\(record.id)"
    message.settings = record.settings
    message.progress = record.progress
    return message
  }
}

extension CustomTableDefinition {
  fileprivate var imported: ImportedTable {
    ImportedTable(number: number, entity: entity, name: message.name, fields: fields.map(\.storage))
  }
}
