package import Database
package import Messages
package import RPC
package import ServiceKit
package import Values

/// The table that an import fills, after the caller's right to it was checked.
package struct ImportedTable: Sendable {
  package let number: Int64
  package let entity: Int64
  /// As callers know it.
  package let name: String
  /// What a file can fill.
  package let fields: [FieldDefinition]

  /// A table that the caller may fill, or look at.
  package init(number: Int64, entity: Int64, name: String, fields: [FieldDefinition]) {
    self.number = number
    self.entity = entity
    self.name = name
    self.fields = fields
  }
}

/// What the calls about imports have in common, whatever the rows are.
package struct ImportCalls: Sendable {
  private let store: ImportStore
  private let database: Database
  private let pages: PageTokens

  /// - Parameter database: of the service whose imports they are.
  package init(database: Database, pages: PageTokens) {
    self.store = ImportStore(database: database)
    self.database = database
    self.pages = pages
  }

  // MARK: - Importing

  /// An import that a call carries.
  package struct Begun: Sendable {
    /// As callers know it.
    package let name: String
    package let settings: ImportSettings
    fileprivate let record: ImportRecord
    fileprivate let table: ImportedTable

    fileprivate init(_ record: ImportRecord, settings: ImportSettings, table: ImportedTable) {
      self.name = "\(table.name)/imports/\(record.id)"
      self.settings = settings
      self.record = record
      self.table = table
    }
  }

  /// Begins an import.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT naming the setting at fault; ALREADY_EXISTS for a request id that was used.
  package func begin(
    _ settings: TypeV1.ImportSettings, requestID: String, in table: ImportedTable
  ) async throws -> Begun {
    guard requestID.unicodeScalars.count <= 128, !requestID.utf8.contains(0) else {
      throw RPCError.invalid("start.request_id", "It has more than 128 characters, or U+0000. Shorten it.")
    }
    let checked = try check(settings, of: table)
    switch try await store.begin(entity: table.entity, table: table.number, settings: settings, requestID: requestID) {
    case .began(let record): return Begun(record, settings: checked, table: table)
    case .exists(let id, let isSame): throw RPCError.importExists("\(table.name)/imports/\(id)", isSame: isSame)
    }
  }

  /// Goes on with an import.
  ///
  /// - Parameter match: names it by its variable `import`.
  /// - Throws: ``RPCError`` NOT_FOUND; FAILED_PRECONDITION for an import that has ended.
  package func resume(_ match: ResourceMatch, in table: ImportedTable) async throws -> Begun {
    let id = try await find(match, in: table).id
    guard let record = try await store.resume(entity: table.entity, table: table.number, id: id) else {
      throw RPCError.importNotRunning(match.description)
    }
    return Begun(record, settings: try check(record.settings, of: table), table: table)
  }

  /// Carries an import to its end.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT when the file as a whole is at fault; ABORTED when another call resumed it;
  ///   otherwise what broke it off.
  package func run<Pieces: AsyncSequence>(
    _ begun: Begun, _ pieces: Pieces, into target: some ImportTarget, zone: Zone
  ) async throws -> ImportRecord where Pieces.Element == [UInt8] {
    let run = ImportRun(
      record: begun.record, settings: begun.settings, entity: begun.table.entity, zone: zone, target: target,
      store: store, database: database)
    do {
      return try await run.run(pieces)
    } catch let fault as ImportFault {
      throw RPCError.invalid(fault, import: begun.name)
    } catch is ImportTakenOver {
      throw RPCError.importTakenOver(begun.name)
    }
  }

  private func check(
    _ settings: TypeV1.ImportSettings, of table: ImportedTable
  ) throws(RPCError) -> ImportSettings {
    do throws(ImportFault) {
      return try ImportSettings(settings, fields: table.fields)
    } catch {
      throw .invalid(error, import: nil)
    }
  }

  // MARK: - Reading

  /// An import of a table.
  ///
  /// - Parameter match: names it by its variable `import`.
  /// - Throws: ``RPCError`` NOT_FOUND.
  package func find(_ match: ResourceMatch, in table: ImportedTable) async throws -> ImportRecord {
    guard let id = match["import"].number,
      let record = try await store.find(entity: table.entity, table: table.number, id: id)
    else { throw RPCError.notFound(match.name) }
    return record
  }

  /// A page of a table's imports, newest first, and the token of the next.
  package func list(
    of table: ImportedTable, size: Int32, token: String, call: Call
  ) async throws -> (records: [ImportRecord], nextPageToken: String) {
    let page = try Page(of: .init(method: call.path, parent: table.name), size: size, token: token, tokens: pages)
    let found = try await store.list(
      entity: table.entity, table: table.number, before: page.number ?? .max, limit: page.size + 1)
    if found.count <= page.size { return (found, "") }
    return (Array(found.prefix(page.size)), try page.next(number: found[page.size - 1].id))
  }

  /// A page of the lines that an import refused, in the order of the file, and the token of the next.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND.
  package func refusedLines(
    of match: ResourceMatch, in table: ImportedTable, size: Int32, token: String, call: Call
  ) async throws -> (lines: [TypeV1.RefusedLine], nextPageToken: String) {
    let record = try await find(match, in: table)
    let list = PageTokens.List(method: call.path, parent: match.description)
    let page = try Page(of: list, size: size, token: token, tokens: pages)
    let found = try await store.refusedLines(
      entity: table.entity, id: record.id, after: page.number ?? 0, limit: page.size + 1)
    if found.count <= page.size { return (found, "") }
    return (Array(found.prefix(page.size)), try page.next(number: found[page.size - 1].line))
  }
}
