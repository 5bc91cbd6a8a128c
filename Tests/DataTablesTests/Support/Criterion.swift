import Messages
import Testing
import UserTables
import Values

@testable import DataTables

extension TargetingV1.Comparison {
  init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }

  init(equals value: TypeV1.Value) { self.init(.equals(value)) }

  init(from value: TypeV1.Value) {
    var range = TargetingV1.Range()
    range.lower = .from(.init(value))
    self.init(.range(range))
  }
}

extension TargetingV1.Bound {
  init(_ value: TypeV1.Value) {
    self.init()
    kind = .value(value)
  }
}

extension TargetingV1.ColumnCondition {
  init(_ column: String, _ comparison: TargetingV1.Comparison) {
    self.init()
    self.column = column
    self.comparison = comparison
  }
}

extension TargetingV1.RowsCriterion {
  /// How many orders there are.
  static func count(_ comparison: TargetingV1.Comparison) -> TargetingV1.RowsCriterion {
    var criterion = TargetingV1.RowsCriterion()
    criterion.table = "entities/b2c/customTables/orders"
    criterion.aggregate = .count
    criterion.comparison = comparison
    return criterion
  }
}

/// A change of a criterion that is refused, and the field at fault.
struct CriterionChange: Sendable, CustomTestStringConvertible {
  let field: String
  let change: @Sendable (inout TargetingV1.RowsCriterion) -> Void

  init(_ field: String, _ change: @escaping @Sendable (inout TargetingV1.RowsCriterion) -> Void) {
    self.field = field
    self.change = change
  }

  var testDescription: String { field }
}

/// A random criterion, and an evaluation of its own that shares nothing with the service's.
struct Criterion: Sendable {
  typealias Sample = RowsEvaluatorTests.Sample
  typealias Chance = RowsEvaluatorTests.Chance

  let message: TargetingV1.RowsCriterion
  private let oracle: Oracle

  init(_ random: inout Chance, oracle: Oracle) throws {
    self.oracle = oracle
    var message = TargetingV1.RowsCriterion()
    message.table = "entities/b2c/customTables/orders"
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      let column = ["time", "quantity", "amount", "day", "note"].randomElement(using: &random) ?? ""
      message.where.append(.init(column, try oracle.comparison(of: column, &random)))
    }
    let choices: [(TargetingV1.Aggregate, [String], String?)] = [
      (.count, [""], "quantity"), (.distinctDays, ["time", "day"], "quantity"), (.sum, ["quantity", "amount"], nil),
      (.min, ["quantity", "amount", "day", "time"], nil), (.max, ["quantity", "amount", "day", "time"], nil),
      (.average, ["quantity", "amount"], "amount"), (.latest, ["day", "time"], nil),
    ]
    let (aggregate, columns, like) = choices[Int.random(in: 0..<choices.count, using: &random)]
    message.aggregate = aggregate
    message.column = columns.randomElement(using: &random) ?? ""
    message.comparison = try oracle.comparison(of: like ?? message.column, &random)
    self.message = message
  }

  /// Those of the profiles that meet it.
  func profiles(among all: ClosedRange<UInt32>, _ samples: [Sample]) -> Set<UInt32> {
    Set(
      all.filter { profile in
        let rows = samples.filter { row in
          row.profile == profile
            && message.where.allSatisfy { oracle.meets(oracle.value(of: $0.column, in: row), $0.comparison) }
        }
        return oracle.meets(oracle.aggregate(message, over: rows), message.comparison)
      })
  }
}

/// Computes and compares with whole numbers alone.
struct Oracle: Sendable {
  /// Now, and the zone of days.
  let now: Timestamp
  let zone: Zone

  /// A number in hundredths over a count, a day, a time in microseconds, or a text.
  enum Value: Hashable {
    case number(Int, over: Int)
    case day(Int)
    case time(Int64)
    case text(String)
  }

  // MARK: - Rows

  func value(of column: String, in row: Criterion.Sample) -> Value? {
    switch column {
    case "time": .time(row.time.microsecondsSinceEpoch)
    case "quantity": row.quantity.map { .number(Int($0) * 100, over: 1) }
    case "amount": row.amount.map { .number(Self.hundredths($0), over: 1) }
    case "day": row.day.map { .day(Int($0.daysSinceEpoch)) }
    default: row.note.map(Value.text)
    }
  }

  private static func hundredths(_ number: DecimalNumber) -> Int {
    Int(number.unscaled) * [100, 10, 1][number.scale]
  }

  func aggregate(_ criterion: TargetingV1.RowsCriterion, over rows: [Criterion.Sample]) -> Value? {
    let values = rows.compactMap { value(of: criterion.column, in: $0) }
    let numbers = values.compactMap { if case .number(let number, _) = $0 { number } else { nil } }
    switch criterion.aggregate {
    case .count: return .number(rows.count * 100, over: 1)
    case .distinctDays: return .number(Set(values.compactMap(day)).count * 100, over: 1)
    case .sum: return .number(numbers.reduce(0, +), over: 1)
    case .average: return numbers.isEmpty ? nil : .number(numbers.reduce(0, +), over: numbers.count)
    case .min: return values.min { order($0, $1) < 0 }
    default: return values.max { order($0, $1) < 0 }
    }
  }

  private func day(_ value: Value) -> Int? {
    switch value {
    case .day(let day): day
    case .time(let time):
      (try? zone.day(of: Timestamp(microsecondsSinceEpoch: time))).map { Int($0.daysSinceEpoch) }
    default: nil
    }
  }

  private func order(_ left: Value, _ right: Value) -> Int64 {
    switch (left, right) {
    case (.number(let one, let count), .number(let two, let other)): Int64(one * other - two * count)
    case (.day(let one), .day(let two)): Int64(one - two)
    case (.time(let one), .time(let two)): one - two
    default: 0
    }
  }

  // MARK: - Comparisons

  func meets(_ value: Value?, _ comparison: TargetingV1.Comparison?) -> Bool {
    if case .isSet(let isSet) = comparison?.kind { return (value != nil) == isSet }
    guard let value else { return false }
    switch comparison?.kind {
    case .equals(let other): return equals(value, other)
    case .oneOf(let list): return list.values.contains { equals(value, $0) }
    case .contains(let part): return text(value).contains(part.lowercased())
    case .startsWith(let part): return text(value).hasPrefix(part.lowercased())
    case .range(let range): return lies(value, in: range)
    default: return false
    }
  }

  private func text(_ value: Value) -> String {
    if case .text(let text) = value { text.lowercased() } else { "" }
  }

  private func equals(_ value: Value, _ other: TypeV1.Value) -> Bool {
    switch (value, other.kind) {
    case (.text(let text), .stringValue(let other)): text == other
    // A date stands for the whole day.
    case (.time, .dateValue(let date)): (try? CalendarDate(date)).map { Int($0.daysSinceEpoch) } == day(value)
    default: read(other).map { order(value, $0) == 0 } ?? false
    }
  }

  private func read(_ value: TypeV1.Value) -> Value? {
    switch value.kind {
    case .int64Value(let number): .number(Int(number) * 100, over: 1)
    case .decimalValue(let number): (try? DecimalNumber(number)).map { .number(Self.hundredths($0), over: 1) }
    case .dateValue(let date): (try? CalendarDate(date)).map { .day(Int($0.daysSinceEpoch)) }
    case .timestampValue(let time): (try? Timestamp(time)).map { .time($0.microsecondsSinceEpoch) }
    default: nil
    }
  }

  /// How a value stands to a bound: below, at or above it. A time stands to a date as its day does.
  private func order(_ value: Value, to bound: TargetingV1.Bound) -> Int64 {
    switch bound.kind {
    case .value(let other):
      if case .time = value, case .dateValue(let date) = other.kind {
        let day = Int64(day(value) ?? 0)
        return day - Int64((try? CalendarDate(date).daysSinceEpoch) ?? 0)
      }
      return read(other).map { order(value, $0) } ?? 0
    case .nowPlus(let duration):
      let moment = Value.time(now.microsecondsSinceEpoch + duration.seconds * 1_000_000)
      if case .day = value { return order(value, .day(day(moment) ?? 0)) }
      return order(value, moment)
    case nil: return 0
    }
  }

  private func lies(_ value: Value, in range: TargetingV1.Range) -> Bool {
    switch range.lower {
    case .from(let bound): if order(value, to: bound) < 0 { return false }
    case .after(let bound): if order(value, to: bound) <= 0 { return false }
    case nil: break
    }
    switch range.upper {
    case .to(let bound): if order(value, to: bound) > 0 { return false }
    case .before(let bound): if order(value, to: bound) >= 0 { return false }
    case nil: break
    }
    return true
  }

  // MARK: - Chance

  /// A comparison that goes with a column.
  func comparison(of column: String, _ random: inout Criterion.Chance) throws -> TargetingV1.Comparison {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return .init(.isSet(Bool.random(using: &random)))
    case 1: return .init(equals: try value(of: column, &random))
    case 2:
      var list = TargetingV1.OneOf()
      for _ in 0..<Int.random(in: 0...3, using: &random) { list.values.append(try value(of: column, &random)) }
      return .init(.oneOf(list))
    case 3 where column == "note": return .init(.contains(["É", "roid", "x"].randomElement(using: &random) ?? ""))
    default:
      if column == "note" { return .init(.startsWith(["é", "HI", "froid"].randomElement(using: &random) ?? "")) }
      var range = TargetingV1.Range()
      let sides = Int.random(in: 0..<3, using: &random)
      if sides != 1 {
        let bound = try bound(of: column, &random)
        range.lower = Bool.random(using: &random) ? .from(bound) : .after(bound)
      }
      if sides != 0 {
        let bound = try bound(of: column, &random)
        range.upper = Bool.random(using: &random) ? .to(bound) : .before(bound)
      }
      return .init(.range(range))
    }
  }

  private func bound(of column: String, _ random: inout Criterion.Chance) throws -> TargetingV1.Bound {
    guard ["time", "day"].contains(column), Int.random(in: 0..<3, using: &random) == 0 else {
      return .init(try value(of: column, &random))
    }
    var bound = TargetingV1.Bound()
    var duration = GoogleProtobuf.Duration()
    duration.seconds = .random(in: -40...40, using: &random) * 3_600
    bound.kind = .nowPlus(duration)
    return bound
  }

  private func value(of column: String, _ random: inout Criterion.Chance) throws -> TypeV1.Value {
    switch column {
    case "quantity":
      if Int.random(in: 0..<4, using: &random) == 0 { return try .decimal("1.5") }
      return .int(.random(in: -3...3, using: &random))
    case "amount":
      return try .decimal(["0", "1.5", "-0.30", "10", "2.25", "3.33"].randomElement(using: &random) ?? "0")
    case "day": return try .date("2024-03-\(Int.random(in: 28...31, using: &random))")
    case "time":
      if Bool.random(using: &random) { return try .date("2024-03-\(Int.random(in: 29...31, using: &random))") }
      let hours = Int64.random(in: 0..<48, using: &random)
      let moment = try Timestamp(microsecondsSinceEpoch: now.microsecondsSinceEpoch + (hours - 24) * 3_600_000_000)
      return TypeV1.Value(.timestampValue(moment.message))
    default: return .text(["Été", "été froid", "Hiver", "été"].randomElement(using: &random) ?? "")
    }
  }
}
