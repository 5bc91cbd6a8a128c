package import Database
package import Messages
package import Values

/// Turns comparisons into conditions of SQL, and collects the values that they compare with.
package struct Comparisons: Sendable {
  /// What is compared.
  package struct Operand: Sendable, Hashable {
    /// As SQL computes it.
    package let expression: String
    package let type: FieldType
    /// Values are multiplied by this before they are compared: an average is compared as a sum, which is exact.
    package var factor: String?
    /// Whether the expression is an array, which meets a comparison when one of its elements does.
    package var isMultiValued = false
    /// What values may be compared with; empty: every value of the type.
    package var acceptedValues: [String] = []

    /// One value of a type.
    package init(expression: String, type: FieldType, factor: String? = nil) {
      self.expression = expression
      self.type = type
      self.factor = factor
    }
  }

  /// For the statement that the conditions stand in, in their order.
  package private(set) var parameters: [SQLValue] = []
  /// The most parameters of one statement: PostgreSQL counts them in 16 bits.
  private static let mostParameters = 60_000
  /// What stands for now.
  private let now: Timestamp
  /// Where a date without a time is a day.
  private let zone: Zone

  /// - Parameters:
  ///   - now: what moving bounds are relative to.
  ///   - zone: the entity's.
  package init(now: Timestamp, zone: Zone) {
    self.now = now
    self.zone = zone
  }

  /// Adds a parameter; gives how the statement names it.
  package mutating func parameter(_ value: SQLValue, _ sqlType: String) -> String {
    parameters.append(value)
    return "$\(parameters.count)::\(sqlType)"
  }

  /// The condition that an operand meets a comparison. It is not true, though it may be null, when the operand is null,
  /// but for `is_set: false`.
  ///
  /// - Parameter path: of the comparison in the request.
  /// - Throws: ``FieldFault`` when the comparison does not go with the operand's type.
  package mutating func condition(
    _ comparison: TargetingV1.Comparison?, on operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    let condition = try unbounded(comparison, on: operand, at: path)
    if parameters.count > Self.mostParameters {
      throw FieldFault([.init(path, "There are too many values in all. Compare with fewer.")])
    }
    return condition
  }

  private mutating func unbounded(
    _ comparison: TargetingV1.Comparison?, on operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    if operand.isMultiValued {
      if case .isSet = comparison?.kind {} else { return try someElement(of: operand, comparison, at: path) }
    }
    switch comparison?.kind {
    case .equals(let value): return try equals(value, operand, at: "\(path).equals")
    case .oneOf(let list): return try isOne(of: list.values, operand, at: "\(path).one_of.values")
    case .range(let range): return try lies(in: range, operand, at: "\(path).range")
    case .contains(let text):
      let text = try self.text(text, operand, at: "\(path).contains")
      return "position(lower(\(text)) IN lower(\(operand.expression))) > 0"
    case .startsWith(let text):
      let text = try self.text(text, operand, at: "\(path).starts_with")
      return "starts_with(lower(\(operand.expression)), lower(\(text)))"
    case .isSet(let isSet): return "\(operand.expression) IS \(isSet ? "NOT NULL" : "NULL")"
    case nil: throw FieldFault([.init(path, "The comparison has no kind set. Set one.")])
    }
  }

  private mutating func someElement(
    of operand: Operand, _ comparison: TargetingV1.Comparison?, at path: String
  ) throws(FieldFault) -> String {
    var element = Operand(expression: "element", type: operand.type)
    element.acceptedValues = operand.acceptedValues
    let condition = try unbounded(comparison, on: element, at: path)
    return "EXISTS (SELECT FROM unnest(\(operand.expression)) AS elements (element) WHERE \(condition))"
  }

  // MARK: - Kinds

  private mutating func equals(
    _ value: TypeV1.Value, _ operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    if operand.type == .timestamp, case .dateValue(let date) = value.kind {
      let (start, end) = try bounds(of: date, at: path)
      let (from, before) = (parameter(start, operand.sqlType), parameter(end, operand.sqlType))
      return "(\(operand.expression) >= \(from) AND \(operand.expression) < \(before))"
    }
    return "\(operand.expression) = \(try self.value(value, operand, at: path))"
  }

  private mutating func isOne(
    of values: [TypeV1.Value], _ operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    guard values.count <= 10_000 else {
      throw FieldFault([.init(path, "There are more than 10,000. Send fewer.")])
    }
    // The operand stays in the statement: PostgreSQL refuses parameters that nothing refers to.
    if values.isEmpty { return "(\(operand.expression) IS NULL AND false)" }
    // Whole days are ranges, and values that are multiplied are no list.
    if operand.type == .timestamp || operand.factor != nil {
      var conditions: [String] = []
      for (index, value) in values.enumerated() {
        conditions.append(try equals(value, operand, at: "\(path)[\(index)]"))
      }
      return "(\(conditions.joined(separator: " OR ")))"
    }
    // Among whole numbers a fraction is compared as what it is.
    let type = operand.type == .integer && values.contains(where: \.isDecimal) ? .decimal : operand.type
    var read: [SQLValue] = []
    for (index, value) in values.enumerated() {
      read.append(try self.read(value, operand, as: type, at: "\(path)[\(index)]"))
    }
    return "\(operand.expression) = ANY (\(parameter(.array(of: read, type: type), "\(type.sqlType)[]")))"
  }

  private mutating func lies(
    in range: TargetingV1.Range, _ operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    guard operand.type.isOrdered else {
      throw FieldFault([.init(path, "Only numbers, dates and times lie in a range. Compare otherwise.")])
    }
    var conditions: [String] = []
    switch range.lower {
    case .from(let bound): conditions.append(try compare(operand, ">=", bound, isAfterDay: false, at: "\(path).from"))
    case .after(let bound): conditions.append(try compare(operand, ">", bound, isAfterDay: true, at: "\(path).after"))
    case nil: break
    }
    switch range.upper {
    case .to(let bound): conditions.append(try compare(operand, "<=", bound, isAfterDay: true, at: "\(path).to"))
    case .before(let bound):
      conditions.append(try compare(operand, "<", bound, isAfterDay: false, at: "\(path).before"))
    case nil: break
    }
    if conditions.isEmpty { throw FieldFault([.init(path, "The range has no bound. Set one at least.")]) }
    return "(\(conditions.joined(separator: " AND ")))"
  }

  /// - Parameter isAfterDay: where the bound is a day and the operand a time, whether it stands at the day's end, at which
  ///   the next begins: then neither end of the day is compared with `<=` or `>`.
  private mutating func compare(
    _ operand: Operand, _ sign: String, _ bound: TargetingV1.Bound, isAfterDay: Bool, at path: String
  ) throws(FieldFault) -> String {
    switch bound.kind {
    case .value(let value):
      if operand.type == .timestamp, case .dateValue(let date) = value.kind {
        let (start, end) = try bounds(of: date, at: path)
        let edge = parameter(isAfterDay ? end : start, operand.sqlType)
        return "\(operand.expression) \(sign.first == ">" ? ">=" : "<") \(edge)"
      }
      return "\(operand.expression) \(sign) \(try self.value(value, operand, at: path))"
    case .nowPlus(let duration):
      return "\(operand.expression) \(sign) \(try moment(now.advanced(by: Duration(duration)), operand, at: path))"
    case nil: throw FieldFault([.init(path, "The bound has no kind set. Set one.")])
    }
  }

  // MARK: - Values

  private mutating func moment(
    _ moment: Timestamp, _ operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    switch operand.type {
    case .timestamp: return parameter(.timestamp(moment), operand.sqlType)
    case .date:
      do { return parameter(.date(try zone.day(of: moment)), operand.sqlType) } catch { throw outOfCalendar(path) }
    default: throw FieldFault([.init(path, "Only dates and times are compared with now. Send a value.")])
    }
  }

  /// The first instant of a day, and that of the next.
  private func bounds(of date: TypeV1.Date, at path: String) throws(FieldFault) -> (start: SQLValue, end: SQLValue) {
    do {
      let day = try CalendarDate(date)
      let next = try CalendarDate(daysSinceEpoch: day.daysSinceEpoch + 1)
      return (.timestamp(try zone.start(of: day)), .timestamp(try zone.start(of: next)))
    } catch { throw outOfCalendar(path) }
  }

  private func outOfCalendar(_ path: String) -> FieldFault {
    FieldFault([.init(path, "There is no such day, or it is outside the years 1 to 9998. Send another.")])
  }

  private mutating func value(
    _ value: TypeV1.Value, _ operand: Operand, at path: String
  ) throws(FieldFault) -> String {
    // Against whole numbers a fraction is compared as what it is.
    let type = operand.type == .integer && value.isDecimal ? .decimal : operand.type
    return scaled(parameter(try read(value, operand, as: type, at: path), type.sqlType), operand)
  }

  private func scaled(_ value: String, _ operand: Operand) -> String {
    operand.factor.map { "\(value) * \($0)" } ?? value
  }

  private func read(
    _ value: TypeV1.Value, _ operand: Operand, as type: FieldType, at path: String
  ) throws(FieldFault) -> SQLValue {
    let reader = FieldReader(zone: zone)
    var field = FieldDefinition(id: "", number: 0, type: type)
    field.acceptedValues = operand.acceptedValues
    if case .nullValue = value.kind {
      throw FieldFault([.init(path, "Nothing equals null. Compare by `is_set`.")])
    }
    do {
      return try reader.read(value, for: field)
    } catch { throw FieldFault([.init(path, error.explanation)]) }
  }

  private mutating func text(_ text: String, _ operand: Operand, at path: String) throws(FieldFault) -> String {
    guard operand.type.isText else {
      throw FieldFault([.init(path, "Only text contains text or begins with it. Compare otherwise.")])
    }
    if text.utf8.contains(0) { throw FieldFault([.init(path, "The text holds the character U+0000. Remove it.")]) }
    return parameter(.text(text), "text")
  }
}

extension Comparisons.Operand {
  fileprivate var sqlType: String { type.sqlType }
}

extension TypeV1.Value {
  fileprivate var isDecimal: Bool {
    if case .decimalValue = kind { true } else { false }
  }
}

extension Duration {
  fileprivate init(_ message: GoogleProtobuf.Duration) {
    self = .seconds(message.seconds) + .nanoseconds(message.nanos)
  }
}
