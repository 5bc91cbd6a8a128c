/// Why an answer is not accepted. It never holds the answer.
enum AnswerProblem: Error, Sendable, Hashable {
  /// There is none.
  case missing
  /// The box must be ticked.
  case notTicked
  case notANumber
  case tooSmall(least: String)
  case tooGreat(greatest: String)
  case notADate
  case notAnEmail
  case tooLong(most: Int)
  case notAChoice
  case notARating(highest: Int)
  /// It holds U+0000 or is no UTF-8.
  case notText
  /// A value of another kind than the question's answers have; with the kind of question.
  case wrongKind(String)

  /// What is wrong and what to do, for a caller of the API.
  var explanation: String {
    switch self {
    case .missing: "The question must be answered. Send an answer."
    case .notTicked: "The consent must be given. Send `bool_value` true."
    case .notANumber: "It is no decimal number of at most 38 digits. Send one."
    case .tooSmall(let least): "It is below \(least). Send a greater number."
    case .tooGreat(let greatest): "It is above \(greatest). Send a smaller number."
    case .notADate: "It is no date. Send one that exists."
    case .notAnEmail: "It is no e-mail address. Send one."
    case .tooLong(let most): "It is longer than \(most) characters. Shorten it."
    case .notAChoice: "It is none of the question's choices. Send the technical name of one."
    case .notARating(let highest): "It is no rating. Send 1 to \(highest)."
    case .notText: "The text holds the character U+0000. Remove it."
    case .wrongKind(let kind): "A question of kind \(kind) is answered by a `\(Self.valueKind(of: kind))`. Send one."
    }
  }

  private static func valueKind(of kind: String) -> String {
    switch kind {
    case "number": "decimal_value"
    case "date": "date_value"
    case "choices": "list_value"
    case "rating": "int64_value"
    case "consent": "bool_value"
    default: "string_value"
    }
  }
}
