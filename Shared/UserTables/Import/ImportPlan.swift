internal import Database

/// Which cell of a file's lines goes into which field.
package struct ImportPlan: Sendable {
  /// One field that the file has a column for.
  package struct Column: Sendable {
    /// Where the cell stands in a record, from 0.
    package let cell: Int
    /// What the header calls it.
    package let header: String
    package let field: FieldDefinition
  }

  /// In the order of the fields.
  package let columns: [Column]
  /// The place in ``columns`` of the field that tells whose line it is.
  package let key: Int
  /// How many cells each record must have.
  package let width: Int
  package let mode: Mode
  /// An empty cell clears its field, instead of leaving it.
  package let emptyClears: Bool

  /// The places of unique fields beside the key.
  package var otherUnique: [Int] { columns.indices.filter { columns[$0].field.isUnique && $0 != key } }

  /// Which lines are written.
  package enum Mode: Sendable, Hashable {
    case upsert, create, update
  }

  /// Matches a file's header with the fields of its table. A column that no field takes is not read.
  ///
  /// - Parameter settings: checked before by ``ImportSettings``.
  /// - Throws: ``ImportFault`` when the header lacks a column or has one twice.
  package init(header: [String], settings: ImportSettings) throws(ImportFault) {
    var places: [String: Int] = [:]
    for (place, name) in header.enumerated() where places.updateValue(place, forKey: name) != nil {
      throw .repeatedColumn(name)
    }
    var columns: [Column] = []
    for field in settings.fields {
      let name = settings.columns.isEmpty ? field.id : settings.columns[field.id]
      guard let name else { continue }
      if let place = places[name] {
        columns.append(Column(cell: place, header: name, field: field))
      } else if !settings.columns.isEmpty {
        throw .missingColumn(name)
      }
    }
    guard let key = columns.firstIndex(where: { $0.field.id == settings.key }) else {
      throw .missingColumn(settings.columns[settings.key] ?? settings.key)
    }
    self.columns = columns
    self.key = key
    self.width = header.count
    self.mode = settings.mode
    self.emptyClears = settings.emptyClears
  }

  /// Reads and checks one record.
  ///
  /// - Throws: ``ImportRefusal`` with the first thing that is wrong.
  package func line(from record: CSVRecord, reader: FieldReader) throws(ImportRefusal) -> ImportLine {
    func refuse(_ column: String, _ reason: String) -> ImportRefusal {
      ImportRefusal(line: record.line, column: column, reason: reason)
    }
    if let problem = record.problem { throw refuse("", problem.explanation) }
    guard record.count == width else {
      throw refuse("", "The line has \(record.count) cells, but the header has \(width). Make them equal.")
    }
    var values: [SQLValue] = []
    values.reserveCapacity(columns.count)
    for column in columns {
      let cell = record[column.cell]
      if cell.isEmpty {
        values.append(.null)
        continue
      }
      do throws(FieldProblem) {
        values.append(try reader.read(cell: cell, for: column.field))
      } catch {
        throw refuse(column.header, error.explanation)
      }
    }
    if values[key] == .null { throw refuse(columns[key].header, "The line has no key. Give it one.") }
    if emptyClears, let empty = columns.indices.first(where: { values[$0] == .null && columns[$0].field.isRequired }) {
      throw refuse(columns[empty].header, FieldProblem.required.explanation)
    }
    return ImportLine(number: record.line, values: values)
  }
}

/// Why a file as a whole cannot be imported.
package struct ImportFault: Error, Sendable, Hashable {
  /// What is wrong and what to do.
  package let explanation: String
  /// Where in the request the cause lies, when it does.
  package let field: String?

  /// A fault.
  package init(_ explanation: String, field: String? = nil) {
    self.explanation = explanation
    self.field = field
  }

  static func missingColumn(_ name: String) -> ImportFault {
    ImportFault("The file has no column “\(name)”. Add it to the header, or map the field to another column.")
  }

  static func repeatedColumn(_ name: String) -> ImportFault {
    ImportFault("The header has the column “\(name)” twice. Rename one of them.")
  }

  static let lonelyCarriageReturns = ImportFault(
    "The file's lines end in a carriage return alone. Save it with LF or CRLF between the lines.")
  static let notUTF8 = ImportFault("The file's header is not UTF-8. Save the file as UTF-8.")
  static let empty = ImportFault("The file is empty. Send a header line and the data.")

  static func unreadableHeader(_ problem: CSVRecord.Problem) -> ImportFault {
    ImportFault("The header cannot be read. \(problem.explanation)")
  }
}
