internal import Database
internal import Messages
internal import UserTables
internal import Values

/// Answers by technical names of questions, in the form in which they are kept.
typealias Answers = [String: TypeV1.Value]

/// Turns what callers and browsers send into answers.
enum AnswerReader {
  /// The longest answer to a hidden question, in Unicode scalars.
  static let longestHidden = 1_000

  // MARK: - From messages

  /// The answer that a value is; nil: there is none.
  static func read(_ value: TypeV1.Value, for question: FormsV1.Question) throws(AnswerProblem) -> TypeV1.Value? {
    if case .nullValue = value.kind { return nil }
    switch (question.kind, value.kind) {
    case (.choice(let choice), .listValue(let list)) where choice.multiple:
      let ids = try list.values.map { element throws(AnswerProblem) in try text(of: element, question) }
      return try chosen(ids, of: choice)
    case (.choice(let choice), .stringValue(let id)) where !choice.multiple: return try chosen(id, of: choice)
    case (.text, .stringValue(let text)), (.email, .stringValue(let text)), (.hidden, .stringValue(let text)):
      return try read(text, for: question)
    case (.number(let number), .decimalValue(let sent)):
      return try inBounds(decimal(sent), of: number)
    case (.number(let number), .int64Value(let sent)): return try inBounds(DecimalNumber(sent), of: number)
    case (.date, .dateValue(let date)):
      do { return TypeV1.Value(.dateValue(try CalendarDate(date).message)) } catch { throw .notADate }
    case (.rating(let rating), .int64Value(let stars)): return try inBounds(stars, of: rating)
    case (.consent, .boolValue(let flag)): return TypeV1.Value(.boolValue(flag))
    default: throw .wrongKind(question.kindName)
    }
  }

  private static func text(
    of value: TypeV1.Value, _ question: FormsV1.Question
  ) throws(AnswerProblem) -> String {
    guard case .stringValue(let text) = value.kind else { throw .wrongKind(question.kindName) }
    return text
  }

  private static func decimal(_ sent: TypeV1.Decimal) throws(AnswerProblem) -> DecimalNumber {
    do { return try DecimalNumber(sent) } catch { throw .notANumber }
  }

  // MARK: - From pages

  /// The answer that the fields of a page hold; nil: there is none.
  ///
  /// - Parameters:
  ///   - texts: those that are not empty.
  ///   - before: the answer that stands already: a consent that is given is withdrawn by unticking it, and one that never
  ///     was given is not refused by leaving it.
  static func read(
    _ texts: [String], for question: FormsV1.Question, before: TypeV1.Value? = nil
  ) throws(AnswerProblem) -> TypeV1.Value? {
    if case .consent = question.kind, texts.isEmpty, before?.kind == .boolValue(true) {
      return TypeV1.Value(.boolValue(false))
    }
    guard let first = texts.first else { return nil }
    if case .choice(let choice) = question.kind, choice.multiple { return try chosen(texts, of: choice) }
    return try read(first, for: question)
  }

  private static func read(_ text: String, for question: FormsV1.Question) throws(AnswerProblem) -> TypeV1.Value? {
    switch question.kind {
    case .text(let rules): return try kept(text, most: rules.longest)
    case .hidden: return try kept(text, most: longestHidden)
    case .email: return try email(text)
    case .choice(let choice): return try chosen(text, of: choice)
    case .number(let number):
      guard let decimal = try? DecimalNumber(parsing: text.trimmingSpaces) else { throw .notANumber }
      return try inBounds(decimal, of: number)
    case .date:
      guard let date = try? CalendarDate(parsing: text.trimmingSpaces) else { throw .notADate }
      return TypeV1.Value(.dateValue(date.message))
    case .rating(let rating):
      guard let stars = Int64(text) else { throw .notARating(highest: rating.highest) }
      return try inBounds(stars, of: rating)
    case .consent:
      guard text == "true" else { throw .wrongKind(question.kindName) }
      return TypeV1.Value(.boolValue(true))
    case nil: return nil
    }
  }

  // MARK: - Checks

  /// Line breaks are kept as browsers show them, U+000A. A text of spaces alone is no answer.
  private static func kept(_ text: String, most: Int) throws(AnswerProblem) -> TypeV1.Value? {
    if text.utf8.contains(0) { throw .notText }
    let text = text.replacingLineBreaks
    guard text.unicodeScalars.count <= most else { throw .tooLong(most: most) }
    return text.contains { !$0.isWhitespace } ? TypeV1.Value(.stringValue(text)) : nil
  }

  private static let emailField = FieldDefinition(id: "email", number: 0, type: .email)

  private static func email(_ text: String) throws(AnswerProblem) -> TypeV1.Value? {
    if text.trimmingSpaces.isEmpty { return nil }
    guard let value = try? FieldReader(zone: .utc).read(TypeV1.Value(.stringValue(text)), for: emailField),
      case .text(let address) = value
    else { throw .notAnEmail }
    return TypeV1.Value(.stringValue(address))
  }

  private static func chosen(_ id: String, of question: FormsV1.ChoiceQuestion) throws(AnswerProblem) -> TypeV1.Value? {
    if id.isEmpty { return nil }
    guard question.choices.contains(where: { $0.id == id }) else { throw .notAChoice }
    return TypeV1.Value(.stringValue(id))
  }

  /// Several choices, in the form's order, each once.
  private static func chosen(
    _ ids: [String], of question: FormsV1.ChoiceQuestion
  ) throws(AnswerProblem) -> TypeV1.Value? {
    let wanted = Set(ids)
    let known = question.choices.map(\.id).filter(wanted.contains)
    guard known.count == wanted.count else { throw .notAChoice }
    if known.isEmpty { return nil }
    var list = TypeV1.ListValue()
    list.values = known.map { TypeV1.Value(.stringValue($0)) }
    return TypeV1.Value(.listValue(list))
  }

  private static func inBounds(
    _ number: DecimalNumber, of question: FormsV1.NumberQuestion
  ) throws(AnswerProblem) -> TypeV1.Value {
    if let least = question.min.flatMap({ try? DecimalNumber($0) }), number < least {
      throw .tooSmall(least: least.description)
    }
    if let greatest = question.max.flatMap({ try? DecimalNumber($0) }), greatest < number {
      throw .tooGreat(greatest: greatest.description)
    }
    return TypeV1.Value(.decimalValue(number.message))
  }

  private static func inBounds(
    _ stars: Int64, of question: FormsV1.RatingQuestion
  ) throws(AnswerProblem) -> TypeV1.Value {
    guard (1...Int64(question.highest)).contains(stars) else { throw .notARating(highest: question.highest) }
    return TypeV1.Value(.int64Value(stars))
  }
}

extension String {
  /// Without the spaces around it.
  var trimmingSpaces: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }

  /// With U+000A for each of the line breaks that browsers send as U+000D U+000A.
  fileprivate var replacingLineBreaks: String {
    var text = ""
    text.reserveCapacity(utf8.count)
    var wasReturn = false
    for scalar in unicodeScalars {
      if scalar == "\r" || (scalar == "\n" && !wasReturn) {
        text.append("\n")
      } else if scalar != "\n" {
        text.unicodeScalars.append(scalar)
      }
      wasReturn = scalar == "\r"
    }
    return text
  }
}
