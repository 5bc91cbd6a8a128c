internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about imports of profiles.
struct ProfileImportHandlers: Sendable {
  let tables: ProfileTableStore
  let imports: ImportCalls
  let repositories: RepositoryDirectory

  func register(on router: inout Router) {
    router.handle(ProfilesV1.ProfileService.importProfiles) { requests, call in
      // Reading a file is work of milliseconds at a time: it leaves the connection's loop to the others.
      try await withTaskExecutorPreference(globalConcurrentExecutor) { try await run(requests, call) }
    }
    router.handle(ProfilesV1.ProfileService.getProfileImport) { try await get($0, $1) }
    router.handle(ProfilesV1.ProfileService.listProfileImports) { try await list($0, $1) }
    router.handle(ProfilesV1.ProfileService.listRefusedLines) { try await listRefusedLines($0, $1) }
  }

  // MARK: - Importing

  private func run(
    _ requests: RequestStream<ProfilesV1.ImportProfilesRequest>, _ call: Call
  ) async throws -> ProfilesV1.ProfileImport {
    var iterator = requests.makeAsyncIterator()
    guard case .start(let start)? = try await iterator.next()?.part else {
      throw RPCError.invalid("start", "The first message does not carry it. Send `start` first, then the chunks.")
    }
    let (begun, table) = try await start.resume.isEmpty ? begin(start, call) : resume(start, call)
    let target = ProfileImportTarget(
      table: table, scope: try call.access.scope(of: table.entity),
      provenance: Provenance(source: begun.settings.source, way: "import"), repositories: repositories)
    let chunks = ImportChunks(iterator) { request in
      if case .chunk(let bytes) = request.part { bytes } else { nil }
    }
    return message(
      try await imports.run(begun, chunks, into: target, zone: call.access.zone(of: table.entity)), of: table)
  }

  private func begin(
    _ start: ProfilesV1.ImportProfilesStart, _ call: Call
  ) async throws -> (ImportCalls.Begun, ProfileTableDefinition) {
    let parent = try name(start.parent, as: ProfileNames.table, field: "start.parent")
    let table = try await tables.require(parent, right: .write, call: call)
    let settings = start.settings ?? .init()
    return (try await imports.begin(settings, requestID: start.requestId, in: table.imported), table)
  }

  private func resume(
    _ start: ProfilesV1.ImportProfilesStart, _ call: Call
  ) async throws -> (ImportCalls.Begun, ProfileTableDefinition) {
    guard start.parent.isEmpty, start.settings == nil else {
      throw RPCError.invalid("start.resume", "It stands alone. Leave `parent` and `settings` out.")
    }
    let match = try name(start.resume, as: ProfileNames.profileImport, field: "start.resume")
    let table = try await tables.require(match, right: .write, call: call)
    return (try await imports.resume(match, in: table.imported), table)
  }

  // MARK: - Reading

  private func get(
    _ request: ProfilesV1.GetProfileImportRequest, _ call: Call
  ) async throws -> ProfilesV1.ProfileImport {
    let match = try name(request.name, as: ProfileNames.profileImport, field: "name")
    let table = try await tables.require(match, right: .read, call: call)
    return message(try await imports.find(match, in: table.imported), of: table)
  }

  private func list(
    _ request: ProfilesV1.ListProfileImportsRequest, _ call: Call
  ) async throws -> ProfilesV1.ListProfileImportsResponse {
    let parent = try name(request.parent, as: ProfileNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    let found = try await imports.list(
      of: table.imported, size: request.pageSize, token: request.pageToken, call: call)
    var response = ProfilesV1.ListProfileImportsResponse()
    response.imports = found.records.map { message($0, of: table) }
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func listRefusedLines(
    _ request: ProfilesV1.ListRefusedLinesRequest, _ call: Call
  ) async throws -> ProfilesV1.ListRefusedLinesResponse {
    let match = try name(request.parent, as: ProfileNames.profileImport, field: "parent")
    let table = try await tables.require(match, right: .read, call: call)
    let found = try await imports.refusedLines(
      of: match, in: table.imported, size: request.pageSize, token: request.pageToken, call: call)
    var response = ProfilesV1.ListRefusedLinesResponse()
    response.lines = found.lines
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func message(_ record: ImportRecord, of table: ProfileTableDefinition) -> ProfilesV1.ProfileImport {
    var message = ProfilesV1.ProfileImport()
    message.name = "\(table.message.name)/imports/\(record.id)"
    message.settings = record.settings
    message.progress = record.progress
    return message
  }
}

extension ProfileTableDefinition {
  fileprivate var imported: ImportedTable {
    ImportedTable(number: number, entity: entity, name: message.name, fields: fields.map(\.storage))
  }
}
