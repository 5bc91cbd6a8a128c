import ArgumentParser
import Messages
import RPC

/// Rows of custom tables, for the commands that read and write records.
enum RowRecords: RecordKind {
  typealias Imports = RowImports

  static let command = "rows"
  static let noun = "row"
  static let collection = "rows"
  static let valuesMember = "values"
  static let exampleTable = CustomTables.example
  static let exampleKey = "orderCode=17"
  static let exampleKeyField = "orderCode"
  static let exampleData = #"{"orderCode":"17","customer":"00042","time":"2024-02-29T10:15:00Z","amount":12.50}"#

  /// Which rows are listed.
  struct Filter: ParsableArguments {
    @Option(help: ArgumentHelp("Only the rows of this profile, newest first.", valueName: "profile"))
    var profile: String?
  }

  /// What makes a write of a row safe to repeat.
  struct Origin: ParsableArguments {
    @Option(help: ArgumentHelp("Makes a repeat of this command answer what the first did.", valueName: "id"))
    var requestID: String?
  }

  static func shape(of table: String, _ session: Session) async throws -> TableShape {
    try await TableShape(CustomTables.get(table, session))
  }

  static func record(_ values: [String: TypeV1.Value]) -> TablesV1.Row {
    var row = TablesV1.Row()
    row.values = values
    return row
  }

  static func values(of record: TablesV1.Row) -> [String: TypeV1.Value] { record.values }

  static func name(of record: TablesV1.Row) -> String { record.name }

  static func details(of record: TablesV1.Row) -> Details {
    var details = Details()
    details.add("Row", record.name)
    details.add("Profile", record.profile)
    details.add("Created", record.createTime)
    details.add("Updated", record.updateTime)
    return details
  }
}

extension RowRecords {
  static func get(_ name: String, _ session: Session) async throws -> TablesV1.Row {
    var request = TablesV1.GetRowRequest()
    request.name = name
    return try await session.call(TablesV1.TableService.getRow, request)
  }

  static func list(
    _ table: String, _ filter: Filter, _ page: PageOptions, _ session: Session
  ) async throws -> TablesV1.ListRowsResponse {
    var request = TablesV1.ListRowsRequest()
    request.parent = table
    request.profile = filter.profile ?? ""
    return try await session.page(TablesV1.TableService.listRows, request, page)
  }

  static func create(
    _ record: TablesV1.Row, in table: String, _ origin: Origin, _ session: Session
  ) async throws -> TablesV1.Row {
    var request = TablesV1.CreateRowRequest()
    request.parent = table
    request.row = record
    request.requestId = origin.requestID ?? ""
    return try await session.call(TablesV1.TableService.createRow, request)
  }

  static func upsert(
    _ record: TablesV1.Row, named name: String, _ origin: Origin, _ session: Session
  ) async throws -> TablesV1.UpsertRowResponse {
    var request = TablesV1.UpsertRowRequest()
    var record = record
    record.name = name
    request.row = record
    request.requestId = origin.requestID ?? ""
    return try await session.call(TablesV1.TableService.upsertRow, request)
  }

  static func upserted(_ answer: TablesV1.UpsertRowResponse) -> (record: TablesV1.Row?, isNew: Bool) {
    (answer.row, answer.created)
  }

  static func update(
    _ record: TablesV1.Row, named name: String, mask: GoogleProtobuf.FieldMask?, _ origin: Origin, _ session: Session
  ) async throws -> TablesV1.Row {
    var request = TablesV1.UpdateRowRequest()
    var record = record
    record.name = name
    request.row = record
    request.updateMask = mask
    request.requestId = origin.requestID ?? ""
    return try await session.call(TablesV1.TableService.updateRow, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = TablesV1.DeleteRowRequest()
    request.name = name
    _ = try await session.call(TablesV1.TableService.deleteRow, request)
  }

  static func export(
    _ table: String, fields: [String], _ session: Session, _ receive: ([UInt8]) async throws -> Void
  ) async throws {
    var request = TablesV1.ExportRowsRequest()
    request.parent = table
    request.columns = fields
    try await session.call(TablesV1.TableService.exportRows, request) { responses in
      for try await response in responses {
        try await receive(response.chunk)
      }
    }
  }

  static func imports(
    of table: String, _ page: PageOptions, _ session: Session
  ) async throws -> TablesV1.ListRowImportsResponse {
    var request = TablesV1.ListRowImportsRequest()
    request.parent = table
    return try await session.page(TablesV1.TableService.listRowImports, request, page)
  }

  static func refusedLines(
    _ name: String, _ page: PageOptions, _ session: Session
  ) async throws -> TablesV1.ListRefusedLinesResponse {
    var request = TablesV1.ListRefusedLinesRequest()
    request.parent = name
    return try await session.page(TablesV1.TableService.listRefusedLines, request, page)
  }
}
