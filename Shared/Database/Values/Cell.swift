package import FoundationEssentials
package import Values

/// One value of a row, decoded when it is read.
package struct Cell: Sendable {
  let row: Row
  let position: Int
  var name: String?

  /// Whether the value is null.
  package func isNull() throws(DatabaseError) -> Bool {
    try check()
    return row.result.isNull(row: row.index, column: position)
  }

  package func bool() throws(DatabaseError) -> Bool { try decode("bool", BinaryDecoder.bool) }
  /// A smallint, integer or bigint.
  package func int() throws(DatabaseError) -> Int64 { try decode("int", BinaryDecoder.int) }
  /// A double precision or real.
  package func double() throws(DatabaseError) -> Double { try decode("double", BinaryDecoder.double) }
  /// A numeric of at most 38 digits, or an integer.
  package func decimal() throws(DatabaseError) -> DecimalNumber { try decode("decimal", BinaryDecoder.decimal) }
  /// A text, varchar, char, name or value of an enum.
  package func text() throws(DatabaseError) -> String { try decode("text", BinaryDecoder.text) }
  package func bytes() throws(DatabaseError) -> [UInt8] { try decode("bytes", BinaryDecoder.bytes) }
  package func date() throws(DatabaseError) -> CalendarDate { try decode("date", BinaryDecoder.date) }
  package func timestamp() throws(DatabaseError) -> Timestamp { try decode("timestamp", BinaryDecoder.timestamp) }
  package func uuid() throws(DatabaseError) -> UUID { try decode("uuid", BinaryDecoder.uuid) }
  /// The text of a jsonb or json document.
  package func json() throws(DatabaseError) -> String { try decode("json", BinaryDecoder.json) }

  package func boolArray() throws(DatabaseError) -> [Bool?] { try decodeArray("bool[]", BinaryDecoder.bool) }
  package func intArray() throws(DatabaseError) -> [Int64?] { try decodeArray("int[]", BinaryDecoder.int) }
  package func doubleArray() throws(DatabaseError) -> [Double?] { try decodeArray("double[]", BinaryDecoder.double) }
  package func decimalArray() throws(DatabaseError) -> [DecimalNumber?] {
    try decodeArray("decimal[]", BinaryDecoder.decimal)
  }
  package func textArray() throws(DatabaseError) -> [String?] { try decodeArray("text[]", BinaryDecoder.text) }
  package func bytesArray() throws(DatabaseError) -> [[UInt8]?] { try decodeArray("bytes[]", BinaryDecoder.bytes) }
  package func dateArray() throws(DatabaseError) -> [CalendarDate?] { try decodeArray("date[]", BinaryDecoder.date) }
  package func timestampArray() throws(DatabaseError) -> [Timestamp?] {
    try decodeArray("timestamp[]", BinaryDecoder.timestamp)
  }
  package func uuidArray() throws(DatabaseError) -> [UUID?] { try decodeArray("uuid[]", BinaryDecoder.uuid) }
  package func jsonArray() throws(DatabaseError) -> [String?] { try decodeArray("json[]", BinaryDecoder.json) }

  private typealias Decoder<Value> = (RawSpan, PostgresType) throws(BinaryDecoder.Failure) -> Value

  private func decodeArray<Element>(
    _ expected: String, _ element: Decoder<Element>
  ) throws(DatabaseError) -> [Element?] {
    try decode(expected) { (bytes, type) throws(BinaryDecoder.Failure) in
      try ArrayDecoder.decode(bytes, type, element)
    }
  }

  private func decode<Value>(_ expected: String, _ decoder: Decoder<Value>) throws(DatabaseError) -> Value {
    try check()
    let type = row.result.type(ofColumn: position)
    let value: Value?
    do throws(BinaryDecoder.Failure) {
      value = try row.result.withBytes(row: row.index, column: position) { (bytes) throws(BinaryDecoder.Failure) in
        try decoder(bytes, type)
      }
    } catch {
      switch error {
      case .wrongType: throw self.error("The value of type \(type.rawValue) cannot be read as \(expected).")
      case .malformed: throw self.error("The value is not in the binary form of its type \(type.rawValue).")
      case .unrepresentable(let reason): throw self.error(reason.message)
      }
    }
    guard let value else { throw error("The value is null.") }
    return value
  }

  private func check() throws(DatabaseError) {
    guard position >= 0, position < row.count else { throw error("The result has no such column.") }
  }

  private func error(_ message: String) -> DatabaseError {
    DatabaseError(
      .unexpectedResult, message, statement: row.result.statement,
      column: name ?? row.result.name(ofColumn: position) ?? "\(position)")
  }
}
