package import FoundationEssentials
package import Values

/// One row of a result. Cells are read by position or name; each reading throws ``DatabaseError`` `.unexpectedResult`,
/// naming statement and column, when the cell has another type or, unless read as optional, is null.
package struct Row: Sendable {
  let result: RowSet
  let index: Int

  /// How many columns there are.
  package var count: Int { result.columnCount }

  /// A cell by position, from 0.
  package subscript(position: Int) -> Cell { Cell(row: self, position: position) }

  /// A cell by the name of its column; reading it throws when there is none.
  package subscript(name: String) -> Cell { Cell(row: self, position: result.position(of: name) ?? -1, name: name) }
}

/// How a row's reader names a column: by position from 0, which is fastest, or by name.
package protocol ColumnKey {
  /// The cell of this column.
  func cell(of row: Row) -> Cell
}

extension Int: ColumnKey {
  package func cell(of row: Row) -> Cell { row[self] }
}

extension String: ColumnKey {
  package func cell(of row: Row) -> Cell { row[self] }
}

extension Row {
  package func isNull(_ column: some ColumnKey) throws(DatabaseError) -> Bool { try column.cell(of: self).isNull() }
  package func bool(_ column: some ColumnKey) throws(DatabaseError) -> Bool { try column.cell(of: self).bool() }
  package func int(_ column: some ColumnKey) throws(DatabaseError) -> Int64 { try column.cell(of: self).int() }
  package func double(_ column: some ColumnKey) throws(DatabaseError) -> Double { try column.cell(of: self).double() }
  package func decimal(_ column: some ColumnKey) throws(DatabaseError) -> DecimalNumber {
    try column.cell(of: self).decimal()
  }
  package func text(_ column: some ColumnKey) throws(DatabaseError) -> String { try column.cell(of: self).text() }
  package func bytes(_ column: some ColumnKey) throws(DatabaseError) -> [UInt8] { try column.cell(of: self).bytes() }
  package func date(_ column: some ColumnKey) throws(DatabaseError) -> CalendarDate {
    try column.cell(of: self).date()
  }
  package func timestamp(_ column: some ColumnKey) throws(DatabaseError) -> Timestamp {
    try column.cell(of: self).timestamp()
  }
  package func uuid(_ column: some ColumnKey) throws(DatabaseError) -> UUID { try column.cell(of: self).uuid() }
  /// The text of a jsonb or json document.
  package func json(_ column: some ColumnKey) throws(DatabaseError) -> String { try column.cell(of: self).json() }

  package func optionalBool(_ column: some ColumnKey) throws(DatabaseError) -> Bool? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.bool()
  }
  package func optionalInt(_ column: some ColumnKey) throws(DatabaseError) -> Int64? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.int()
  }
  package func optionalDouble(_ column: some ColumnKey) throws(DatabaseError) -> Double? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.double()
  }
  package func optionalDecimal(_ column: some ColumnKey) throws(DatabaseError) -> DecimalNumber? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.decimal()
  }
  package func optionalText(_ column: some ColumnKey) throws(DatabaseError) -> String? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.text()
  }
  package func optionalBytes(_ column: some ColumnKey) throws(DatabaseError) -> [UInt8]? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.bytes()
  }
  package func optionalDate(_ column: some ColumnKey) throws(DatabaseError) -> CalendarDate? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.date()
  }
  package func optionalTimestamp(_ column: some ColumnKey) throws(DatabaseError) -> Timestamp? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.timestamp()
  }
  package func optionalUUID(_ column: some ColumnKey) throws(DatabaseError) -> UUID? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.uuid()
  }
  package func optionalJSON(_ column: some ColumnKey) throws(DatabaseError) -> String? {
    let cell = column.cell(of: self)
    return try cell.isNull() ? nil : cell.json()
  }
}

extension Row {
  /// An array of smallint, integer or bigint, of one dimension; likewise the others of their types.
  package func intArray(_ column: some ColumnKey) throws(DatabaseError) -> [Int64?] {
    try column.cell(of: self).intArray()
  }
  package func boolArray(_ column: some ColumnKey) throws(DatabaseError) -> [Bool?] {
    try column.cell(of: self).boolArray()
  }
  package func doubleArray(_ column: some ColumnKey) throws(DatabaseError) -> [Double?] {
    try column.cell(of: self).doubleArray()
  }
  package func decimalArray(_ column: some ColumnKey) throws(DatabaseError) -> [DecimalNumber?] {
    try column.cell(of: self).decimalArray()
  }
  package func textArray(_ column: some ColumnKey) throws(DatabaseError) -> [String?] {
    try column.cell(of: self).textArray()
  }
  package func bytesArray(_ column: some ColumnKey) throws(DatabaseError) -> [[UInt8]?] {
    try column.cell(of: self).bytesArray()
  }
  package func dateArray(_ column: some ColumnKey) throws(DatabaseError) -> [CalendarDate?] {
    try column.cell(of: self).dateArray()
  }
  package func timestampArray(_ column: some ColumnKey) throws(DatabaseError) -> [Timestamp?] {
    try column.cell(of: self).timestampArray()
  }
  package func uuidArray(_ column: some ColumnKey) throws(DatabaseError) -> [UUID?] {
    try column.cell(of: self).uuidArray()
  }
  package func jsonArray(_ column: some ColumnKey) throws(DatabaseError) -> [String?] {
    try column.cell(of: self).jsonArray()
  }
}
