internal import Database

/// Cuts a file that arrives in pieces into batches of lines that can be written at once.
///
/// A pure machine. Within a batch no two lines have the same value of a unique field, so that the lines of a batch do not
/// depend on each other's order.
package struct ImportBatcher: Sendable {
  /// The most lines of one batch.
  package static let mostLines = 5_000
  /// A batch is closed when it comes from more bytes of the file than this.
  package static let mostBytes: Int64 = 1 << 20

  private let settings: ImportSettings
  private let fieldReader: FieldReader
  private var csv: CSVReader
  private var record = CSVRecord()
  private var plan: ImportPlan?
  private var batch: ImportBatch
  private var taken: [Int: Set<SQLValue>] = [:]
  /// A line that begins the next batch, because it shares a unique value with one of this batch.
  private var held: (line: ImportLine, end: Int64)?

  /// Begins a file, or goes on behind the lines that are settled.
  ///
  /// - Parameter position: where the file was settled up to; its header is known then.
  package init(
    settings: ImportSettings, fieldReader: FieldReader, from position: ImportPosition = .start
  ) throws(ImportFault) {
    self.settings = settings
    self.fieldReader = fieldReader
    self.csv = CSVReader(separator: settings.separator, offset: position.bytes, line: position.nextLine)
    self.batch = ImportBatch(start: position)
    if let header = position.header { plan = try ImportPlan(header: header, settings: settings) }
  }

  /// The columns of the file; nil before its header was read.
  package var columns: ImportPlan? { plan }

  /// Takes the next bytes of the file.
  package mutating func append(_ bytes: some Collection<UInt8>) {
    csv.append(bytes)
  }

  /// Says that no more bytes will come.
  package mutating func finish() {
    csv.finish()
  }

  /// The next batch that is full, or nil when it takes more bytes.
  ///
  /// - Throws: ``ImportFault`` when the header is at fault.
  package mutating func nextFull() throws(ImportFault) -> ImportBatch? {
    if let (line, end) = held {
      held = nil
      add(line, end: end)
    }
    while csv.next(into: &record) {
      guard let plan else {
        try readHeader()
        continue
      }
      do {
        let line = try plan.line(from: record, reader: fieldReader)
        if clashes(line, in: plan) {
          held = (line, record.end)
          return close()
        }
        add(line, end: record.end)
      } catch {
        batch.refused.append(error)
        batch.lineCount += 1
        batch.end.bytes = record.end
        batch.end.nextLine = csv.nextLine
      }
      if batch.lineCount >= Self.mostLines || batch.end.bytes - batch.start.bytes >= Self.mostBytes { return close() }
    }
    return nil
  }

  /// What is left behind ``finish()``; it may hold no line.
  ///
  /// - Throws: ``ImportFault`` when the file had no header.
  package mutating func last() throws(ImportFault) -> ImportBatch {
    guard plan != nil else { throw .empty }
    return close()
  }

  private mutating func readHeader() throws(ImportFault) {
    if let problem = record.problem { throw .unreadableHeader(problem) }
    var names: [String] = []
    for cell in 0..<record.count {
      guard let name = String(validating: record[cell], as: UTF8.self), !name.utf8.contains(0) else { throw .notUTF8 }
      // Else a whole file would be a header without a line behind it, and nothing would be said.
      if name.utf8.contains(UInt8(ascii: "\r")), !name.utf8.contains(UInt8(ascii: "\n")) {
        throw .lonelyCarriageReturns
      }
      names.append(name.trimmed)
    }
    plan = try ImportPlan(header: names, settings: settings)
    batch.end = ImportPosition(bytes: record.end, nextLine: csv.nextLine, header: names)
  }

  private mutating func add(_ line: ImportLine, end: Int64) {
    batch.lines.append(line)
    batch.lineCount += 1
    batch.end.bytes = end
    batch.end.nextLine = csv.nextLine
    guard let plan else { return }
    for (place, column) in plan.columns.enumerated() where column.field.isUnique && line.values[place] != .null {
      taken[place, default: []].insert(line.values[place])
    }
  }

  private func clashes(_ line: ImportLine, in plan: ImportPlan) -> Bool {
    plan.columns.indices.contains { plan.columns[$0].field.isUnique && taken[$0]?.contains(line.values[$0]) == true }
  }

  private mutating func close() -> ImportBatch {
    let closed = batch
    batch = ImportBatch(start: closed.end)
    taken.removeAll(keepingCapacity: true)
    return closed
  }
}

/// How far a file is settled.
package struct ImportPosition: Sendable, Hashable {
  /// The byte that comes next.
  package var bytes: Int64
  /// The physical line that it stands on, from 1.
  package var nextLine: Int64
  /// What the file's columns are called; nil before the header was read.
  package var header: [String]?

  /// The beginning of a file.
  package static let start = ImportPosition(bytes: 0, nextLine: 1, header: nil)

  /// A position.
  package init(bytes: Int64, nextLine: Int64, header: [String]?) {
    self.bytes = bytes
    self.nextLine = nextLine
    self.header = header
  }
}

/// Lines of a file that are settled together.
package struct ImportBatch: Sendable {
  /// Where its first line begins.
  package let start: ImportPosition
  /// Behind its last line.
  package internal(set) var end: ImportPosition
  /// Those to be written.
  package internal(set) var lines: [ImportLine] = []
  /// Those that could not be read.
  package internal(set) var refused: [ImportRefusal] = []
  /// All lines, read or not.
  package internal(set) var lineCount = 0

  init(start: ImportPosition) {
    self.start = start
    self.end = start
  }
}
