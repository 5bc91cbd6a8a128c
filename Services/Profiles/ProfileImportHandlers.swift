internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about imports of profiles.
struct ProfileImportHandlers: Sendable {
  let tables: ProfileTableStore
  let store: ImportStore
  let database: Database
  let repositories: RepositoryDirectory
  let pages: PageTokens

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
    let begun = try await start.resume.isEmpty ? begin(start, call) : resume(start, call)
    let name = begun.name
    let target = ProfileImportTarget(
      table: begun.table, scope: try call.access.scope(of: begun.table.entity),
      provenance: Provenance(source: begun.settings.source, way: "import"), repositories: repositories)
    let run = ImportRun(
      record: begun.record, settings: begun.settings, entity: begun.table.entity,
      zone: try call.access.zone(of: begun.table.entity), target: target, store: store, database: database)
    do {
      return message(try await run.run(ImportChunks(iterator: iterator)), table: begun.table)
    } catch let fault as ImportFault {
      throw RPCError.invalid(fault, import: name)
    } catch is ImportTakenOver {
      throw RPCError.importTakenOver(name)
    }
  }

  /// An import that this call carries.
  private struct Begun {
    let record: ImportRecord
    let settings: ImportSettings
    let table: ProfileTableDefinition

    var name: String { "\(table.message.name)/imports/\(record.id)" }
  }

  private func begin(_ start: ProfilesV1.ImportProfilesStart, _ call: Call) async throws -> Begun {
    let parent = try name(start.parent, as: ProfileNames.table, field: "start.parent")
    let table = try await tables.require(parent, right: .write, call: call)
    guard start.requestId.unicodeScalars.count <= 128, !start.requestId.utf8.contains(0) else {
      throw RPCError.invalid("start.request_id", "It has more than 128 characters, or U+0000. Shorten it.")
    }
    let sent = start.settings ?? .init()
    let settings = try settings(sent, of: table)
    switch try await store.begin(
      entity: table.entity, table: table.number, settings: sent, requestID: start.requestId)
    {
    case .began(let record): return Begun(record: record, settings: settings, table: table)
    case .exists(let id, let isSame):
      throw RPCError.importExists("\(table.message.name)/imports/\(id)", isSame: isSame)
    }
  }

  private func resume(_ start: ProfilesV1.ImportProfilesStart, _ call: Call) async throws -> Begun {
    guard start.parent.isEmpty, start.settings == nil else {
      throw RPCError.invalid("start.resume", "It stands alone. Leave `parent` and `settings` out.")
    }
    let match = try name(start.resume, as: ProfileNames.profileImport, field: "start.resume")
    let table = try await tables.require(match, right: .write, call: call)
    guard let id = match["import"].number,
      try await store.find(entity: table.entity, table: table.number, id: id) != nil
    else { throw RPCError.notFound(match.name) }
    guard let record = try await store.resume(entity: table.entity, table: table.number, id: id) else {
      throw RPCError.importNotRunning(start.resume)
    }
    return Begun(record: record, settings: try settings(record.settings, of: table), table: table)
  }

  private func settings(_ sent: TypeV1.ImportSettings, of table: ProfileTableDefinition) throws -> ImportSettings {
    do throws(ImportFault) {
      return try ImportSettings(sent, fields: table.fields.map(\.storage))
    } catch { throw RPCError.invalid(error, import: nil) }
  }

  // MARK: - Reading

  private func get(
    _ request: ProfilesV1.GetProfileImportRequest, _ call: Call
  ) async throws -> ProfilesV1.ProfileImport {
    let match = try name(request.name, as: ProfileNames.profileImport, field: "name")
    let (record, table) = try await require(match, call)
    return message(record, table: table)
  }

  private func list(
    _ request: ProfilesV1.ListProfileImportsRequest, _ call: Call
  ) async throws -> ProfilesV1.ListProfileImportsResponse {
    let parent = try name(request.parent, as: ProfileNames.table, field: "parent")
    let table = try await tables.require(parent, right: .read, call: call)
    let page = try page(request.parent, request.pageSize, request.pageToken, call)
    let found = try await store.list(
      entity: table.entity, table: table.number, before: page.number ?? .max, limit: page.size + 1)
    var response = ProfilesV1.ListProfileImportsResponse()
    response.imports = found.prefix(page.size).map { message($0, table: table) }
    if found.count > page.size { response.nextPageToken = try page.next(number: found[page.size - 1].id) }
    return response
  }

  private func listRefusedLines(
    _ request: ProfilesV1.ListRefusedLinesRequest, _ call: Call
  ) async throws -> ProfilesV1.ListRefusedLinesResponse {
    let match = try name(request.parent, as: ProfileNames.profileImport, field: "parent")
    let (record, table) = try await require(match, call)
    let page = try page(request.parent, request.pageSize, request.pageToken, call)
    let found = try await store.refusedLines(
      entity: table.entity, id: record.id, after: page.number ?? 0, limit: page.size + 1)
    var response = ProfilesV1.ListRefusedLinesResponse()
    response.lines = Array(found.prefix(page.size))
    if found.count > page.size { response.nextPageToken = try page.next(number: found[page.size - 1].line) }
    return response
  }

  private func page(_ parent: String, _ size: Int32, _ token: String, _ call: Call) throws -> Page {
    try Page(of: .init(method: call.path, parent: parent), size: size, token: token, tokens: pages)
  }

  private func require(
    _ match: ResourceMatch, _ call: Call
  ) async throws -> (ImportRecord, ProfileTableDefinition) {
    let table = try await tables.require(match, right: .read, call: call)
    guard let id = match["import"].number,
      let record = try await store.find(entity: table.entity, table: table.number, id: id)
    else { throw RPCError.notFound(match.name) }
    return (record, table)
  }

  private func message(_ record: ImportRecord, table: ProfileTableDefinition) -> ProfilesV1.ProfileImport {
    var message = ProfilesV1.ProfileImport()
    message.name = "\(table.message.name)/imports/\(record.id)"
    message.settings = record.settings
    message.progress = record.progress
    return message
  }
}

/// The chunks of a file, behind the message that began the call.
private struct ImportChunks: AsyncSequence {
  typealias Element = [UInt8]

  var iterator: RequestStream<ProfilesV1.ImportProfilesRequest>.AsyncIterator

  struct AsyncIterator: AsyncIteratorProtocol {
    /// The most bytes of one message: 1 MiB.
    private static let mostBytes = 1 << 20

    var iterator: RequestStream<ProfilesV1.ImportProfilesRequest>.AsyncIterator

    mutating func next() async throws -> [UInt8]? {
      guard let request = try await iterator.next() else { return nil }
      guard case .chunk(let bytes) = request.part else {
        throw RPCError.invalid("chunk", "A message behind the first does not carry one. Send the file's chunks.")
      }
      guard bytes.count <= Self.mostBytes else {
        throw RPCError.invalid("chunk", "It has more than 1 MiB. Cut the file smaller.")
      }
      return bytes
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(iterator: iterator)
  }
}
