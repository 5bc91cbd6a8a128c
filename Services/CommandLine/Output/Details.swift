import Messages
import UserTables
import Values

/// What is known of one thing, for people: a label and a value a line. What has no value is left out.
struct Details {
  private var lines: [[String]] = []

  /// Nothing yet.
  init() {}

  mutating func add(_ label: String, _ value: String?) {
    if let value, !value.isEmpty { lines.append([label, value]) }
  }

  mutating func add(_ label: String, _ time: GoogleProtobuf.Timestamp?) {
    add(label, time.map(Moment.text))
  }

  mutating func add(_ label: String, _ count: Int64) {
    lines.append([label, Amounts.count(count)])
  }

  /// Lines without a newline at the end.
  var text: String { TextTable.aligned(lines) }
}

/// Times as people read them.
enum Moment {
  /// RFC 3339 in UTC.
  static func text(_ time: GoogleProtobuf.Timestamp) -> String {
    (try? Timestamp(time).description) ?? "\(time.seconds) s"
  }

  /// Empty where there is no time.
  static func text(_ time: GoogleProtobuf.Timestamp?) -> String {
    time.map { text($0) } ?? ""
  }

  /// The message of an RFC 3339 time or of a date, which stands for its beginning in UTC.
  ///
  /// - Throws: ``CommandError`` that shows the form.
  static func message(_ text: String, option: String) throws -> GoogleProtobuf.Timestamp {
    if let time = try? Timestamp(parsing: text) { return time.message }
    if let time = try? Timestamp(parsing: "\(text)T00:00:00Z") { return time.message }
    throw CommandError.usage("\(option) must be a time such as 2030-01-31T12:00:00Z.")
  }
}
