import Database
import DatabaseTesting
import Messages
import RPC
import ServiceTesting
import UserTables
import Values

@testable import DataTables

extension TestSuite {
  static func importStart(
    _ table: String, _ fill: (inout TypeV1.ImportSettings) -> Void = { _ in }
  ) -> TablesV1.ImportRowsRequest {
    var start = TablesV1.ImportRowsStart()
    start.parent = "entities/b2c/customTables/\(table)"
    var settings = TypeV1.ImportSettings()
    settings.key = "orderCode"
    fill(&settings)
    start.settings = settings
    var request = TablesV1.ImportRowsRequest()
    request.part = .start(start)
    return request
  }

  static func chunk(_ bytes: some Collection<UInt8>) -> TablesV1.ImportRowsRequest {
    var request = TablesV1.ImportRowsRequest()
    request.part = .chunk(Array(bytes))
    return request
  }

  /// Imports a whole file, in uneven pieces.
  @discardableResult
  func importRows(
    _ table: String, _ file: String, _ fill: (inout TypeV1.ImportSettings) -> Void = { _ in }
  ) async throws -> TablesV1.RowImport {
    try await importRows(first: Self.importStart(table, fill), Array(file.utf8)[...])
  }

  func importRows(first: TablesV1.ImportRowsRequest, _ file: ArraySlice<UInt8>) async throws -> TablesV1.RowImport {
    try await client.call(TablesV1.TableService.importRows, options: options(.writer([Self.b2c]))) { writer in
      try await writer.send(first)
      var rest = file
      while !rest.isEmpty {
        try await writer.send(Self.chunk(rest.prefix(70_001)))
        rest = rest.dropFirst(70_001)
      }
    }
  }

  func refusedLines(of name: String) async throws -> [TypeV1.RefusedLine] {
    try await call(TablesV1.TableService.listRefusedLines) { $0.parent = name }.lines
  }

  /// How many rows a table has.
  func count(_ table: String) async throws -> Int64 {
    guard let definition = try await rooms.tables.find(table, entity: 1) else { return 0 }
    let statement = Statement(name: "test.count", sql: "SELECT count(*) FROM \(definition.rows)")
    return try await test.database.read(statement, [], as: .entity(1)).first?.int(0) ?? 0
  }

  /// Waits until an import of the table has settled lines.
  func untilSettled(_ table: String) async throws {
    while try await count(table) == 0 { await Task.yield() }
  }

  /// Waits until a session of the database waits for a lock.
  func untilBlocked() async throws {
    let administrator = try await test.cluster.administratorClient(database: test.configuration.server.database)
    let statement = Statement(
      name: "test.blocked",
      sql: "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
    while try await administrator.read(statement, [], as: .none).isEmpty { await Task.yield() }
    await administrator.shutdown()
  }
}

/// Readers of fields for tests of a change by itself.
enum FieldReaderSample {
  static let utc = FieldReader(zone: .utc)
}

/// Lets one side of a test go on when the other says so.
final class Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(of: Void.self)
  }

  func open() { continuation.yield() }

  func wait() async {
    for await _ in stream { return }
  }
}
