package import Database
package import Messages
package import Values

/// Turns what callers send into what the database keeps, and checks it against the field's definition.
package struct FieldReader: Sendable {
  /// Where a date without a time becomes a time.
  private let zone: Zone

  /// - Parameter zone: the entity's.
  package init(zone: Zone) {
    self.zone = zone
  }

  // MARK: - From messages

  /// The value that a message carries; null clears.
  ///
  /// - Throws: ``FieldProblem``; also for null in a required field.
  package func read(_ value: TypeV1.Value, for field: FieldDefinition) throws(FieldProblem) -> SQLValue {
    switch value.kind {
    case .nullValue:
      if field.isRequired { throw .required }
      return .null
    case .listValue(let list) where field.isMultiValued:
      return try read(
        list: list.values.map { element throws(FieldProblem) in try readOne(element, for: field) }, for: field)
    case nil:
      throw FieldProblem("The value has no kind set. Set one, or `null_value` to clear the field.")
    default:
      if field.isMultiValued { throw FieldProblem("The field has several values. Send a `list_value`.") }
      return try readOne(value, for: field)
    }
  }

  private func readOne(_ value: TypeV1.Value, for field: FieldDefinition) throws(FieldProblem) -> SQLValue {
    switch (field.type.valueKind, value.kind) {
    case (.text, .stringValue(let text)): return .text(try checked(text, for: field))
    case (.integer, .int64Value(let number)): return .int(number)
    case (.decimal, .int64Value(let number)): return .decimal(DecimalNumber(number))
    case (.decimal, .decimalValue(let decimal)): return .decimal(try DecimalNumber(decimal))
    case (.boolean, .boolValue(let flag)): return .bool(flag)
    case (.date, .dateValue(let date)): return .date(try CalendarDate(date))
    case (.timestamp, .timestampValue(let timestamp)): return .timestamp(try Timestamp(timestamp))
    case (.timestamp, .dateValue(let date)): return .timestamp(try start(of: CalendarDate(date)))
    case (.text, _), (.integer, _), (.decimal, _), (.boolean, _), (.date, _), (.timestamp, _):
      throw .wrongKind(field.type)
    }
  }

  // MARK: - From text

  /// The value that a cell of a file holds.
  ///
  /// Several values of one field are separated by `|`. Booleans are true, false, yes, no, 1, 0.
  package func read(cell: ArraySlice<UInt8>, for field: FieldDefinition) throws(FieldProblem) -> SQLValue {
    guard let text = String(validating: cell, as: UTF8.self) else { throw .notUTF8 }
    guard field.isMultiValued else { return try readOne(text, for: field) }
    let parts = text.split(separator: "|").map(String.init)
    return try read(list: parts.map { part throws(FieldProblem) in try readOne(part, for: field) }, for: field)
  }

  private func readOne(_ text: String, for field: FieldDefinition) throws(FieldProblem) -> SQLValue {
    switch field.type.valueKind {
    case .text:
      return .text(try checked(text, for: field))
    case .integer:
      guard let number = Int64(text.trimmed) else { throw .notA(field.type) }
      return .int(number)
    case .decimal:
      guard let number = try? DecimalNumber(parsing: text.trimmed) else { throw .notA(field.type) }
      return .decimal(number)
    case .boolean:
      guard let flag = Self.booleans[text.trimmed.lowercased()] else { throw .notA(field.type) }
      return .bool(flag)
    case .date:
      guard let date = try? CalendarDate(parsing: text.trimmed) else { throw .notA(field.type) }
      return .date(date)
    case .timestamp:
      let text = text.trimmed
      if let date = try? CalendarDate(parsing: text) { return .timestamp(try start(of: date)) }
      guard let timestamp = try? Timestamp(parsing: text) else { throw .notA(field.type) }
      return .timestamp(timestamp)
    }
  }

  private static let booleans = ["true": true, "yes": true, "1": true, "false": false, "no": false, "0": false]

  // MARK: - Checks

  private func checked(_ text: String, for field: FieldDefinition) throws(FieldProblem) -> String {
    if text.utf8.contains(0) { throw .holdsNUL }
    let kept = try TextRules.normalized(text, as: field.type)
    // Bytes bound scalars from above: most texts need no count.
    if kept.utf8.count > field.maximumLength && kept.unicodeScalars.count > field.maximumLength {
      throw .tooLong(field.maximumLength)
    }
    if field.minimumLength > 0 && kept.unicodeScalars.count < field.minimumLength {
      throw .tooShort(field.minimumLength)
    }
    if !field.acceptedValues.isEmpty && !field.acceptedValues.contains(kept) { throw .notAccepted }
    if field.isTimeZone && Zone(kept) == nil { throw .noTimeZone }
    return kept
  }

  private func read(list values: [SQLValue], for field: FieldDefinition) throws(FieldProblem) -> SQLValue {
    if values.isEmpty && field.isRequired { throw .required }
    if values.count > FieldDefinition.mostValues {
      throw FieldProblem("The field has more than \(FieldDefinition.mostValues) values. Send fewer.")
    }
    return values.isEmpty ? .null : .array(of: values, type: field.type)
  }

  private func start(of date: CalendarDate) throws(FieldProblem) -> Timestamp {
    do { return try zone.start(of: date) } catch { throw .notA(.timestamp) }
  }
}

extension SQLValue {
  /// One array of many values of a type; nulls among them are kept.
  package static func array(of values: [SQLValue], type: FieldType) -> SQLValue {
    switch type.valueKind {
    case .text: .textArray(values.map { if case .text(let value) = $0 { value } else { nil } })
    case .integer: .intArray(values.map { if case .int(let value) = $0 { value } else { nil } })
    case .decimal: .decimalArray(values.map { if case .decimal(let value) = $0 { value } else { nil } })
    case .boolean: .boolArray(values.map { if case .bool(let value) = $0 { value } else { nil } })
    case .date: .dateArray(values.map { if case .date(let value) = $0 { value } else { nil } })
    case .timestamp: .timestampArray(values.map { if case .timestamp(let value) = $0 { value } else { nil } })
    }
  }
}

extension SQLValue {
  /// The values of an array as the text of a JSON array of strings; nil for null.
  ///
  /// PostgreSQL has no array of arrays of different lengths: many lines' several values travel so.
  package var jsonArrayText: String? {
    let texts: [String]
    switch self {
    case .textArray(let values): texts = values.compactMap(\.self)
    case .intArray(let values): texts = values.compactMap { $0?.description }
    case .decimalArray(let values): texts = values.compactMap { $0?.description }
    case .boolArray(let values): texts = values.compactMap { $0?.description }
    case .dateArray(let values): texts = values.compactMap { $0?.description }
    case .timestampArray(let values): texts = values.compactMap { $0?.description }
    // A value that is left out here would be lost on its way: all are named.
    case .null, .bool, .int, .double, .decimal, .text, .bytes, .date, .timestamp, .uuid, .json, .doubleArray,
      .bytesArray, .uuidArray, .jsonArray:
      return nil
    }
    return "[" + texts.map(\.jsonString).joined(separator: ",") + "]"
  }
}

extension String {
  /// As a JSON string (RFC 8259 §7).
  fileprivate var jsonString: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{00}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
