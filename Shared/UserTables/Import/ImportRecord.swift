internal import Database
package import Messages
internal import Values

/// An import as it is kept: what it does and how far it is.
package struct ImportRecord: Sendable {
  /// Its number within the service, never used again.
  package let id: Int64
  /// The table that it fills, by its number.
  package let table: Int64
  /// Grows by one with each call that carries it on. A call whose attempt is no longer the latest may settle nothing.
  package let attempt: Int64
  package let settings: TypeV1.ImportSettings
  package let position: ImportPosition
  package let progress: TypeV1.ImportProgress

  /// The columns that ``init(_:)`` reads, in its order.
  static let columns = """
    id, table_number, attempt, settings, settled_bytes, next_line, header,
    state, settled_lines, created, updated, refused, created_at, updated_at, error
    """

  init(_ row: Row) throws {
    id = try row.int(0)
    table = try row.int(1)
    attempt = try row.int(2)
    settings = try TypeV1.ImportSettings(decoding: row.bytes(3))
    let header = try row.isNull(6) ? nil : row.textArray(6).compactMap(\.self)
    position = ImportPosition(bytes: try row.int(4), nextLine: try row.int(5), header: header)
    var progress = TypeV1.ImportProgress()
    progress.state = TypeV1.ImportState(rawValue: Int32(try row.int(7)))
    progress.settledBytes = position.bytes
    progress.settledLines = try row.int(8)
    progress.created = try row.int(9)
    progress.updated = try row.int(10)
    progress.refusedLines = try row.int(11)
    progress.createTime = try row.timestamp(12).message
    progress.updateTime = try row.timestamp(13).message
    progress.error = try row.text(14)
    self.progress = progress
  }
}
