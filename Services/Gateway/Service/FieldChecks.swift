import Foundation
import Messages
import RPC
import Values

/// Collects what is wrong in a request's fields, so that a caller learns all of it at once.
struct FieldChecks {
  private(set) var violations: [FieldViolation] = []

  /// Notes what is wrong in a field: a sentence that says what to do.
  mutating func refuse(_ field: String, _ description: String) {
    violations.append(FieldViolation(field: field, description: description))
  }

  /// - Throws: ``RPCError`` INVALID_ARGUMENT naming every field that was refused.
  func finish() throws(RPCError) {
    guard let first = violations.first else { return }
    throw RPCError(
      .invalidArgument, "\(first.field): \(first.description)", reason: "INVALID_FIELDS", fieldViolations: violations)
  }

  // MARK: - Rules of several fields

  mutating func displayName(_ value: String, at field: String) {
    guard (1...200).contains(value.unicodeScalars.count),
      value.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else {
      refuse(field, "Write 1 to 200 characters, none of them a control character.")
      return
    }
  }

  /// A zone of the IANA database by its name, letter case included: an offset is no zone, it knows no summer.
  mutating func timeZone(_ value: String, at field: String) {
    guard value == "UTC" || value.contains("/"), TimeZone(identifier: value) != nil else {
      refuse(field, "Write the name of an IANA time zone such as \"Europe/Brussels\", or \"UTC\".")
      return
    }
  }

  /// As the ledger of the other services has it.
  mutating func requestID(_ value: String, at field: String) {
    if value.utf8.count > 128 || !value.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) {
      refuse(field, "Write 1 to 128 printable ASCII characters without spaces.")
    }
  }

  /// An instant that is still to come.
  mutating func future(
    _ value: GoogleProtobuf.Timestamp?, at field: String, now: Timestamp
  ) -> Timestamp? {
    guard let value else { return nil }
    guard let instant = value.instant, instant > now else {
      refuse(field, "Write a time that is still to come, or leave it out for a key that does not expire.")
      return nil
    }
    return instant
  }
}
