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

  mutating func requestID(_ value: String, at field: String) {
    if value.unicodeScalars.count > 128 { refuse(field, "Write at most 128 characters.") }
  }

  mutating func pageSize(_ value: Int32, at field: String) -> Int {
    guard (0...1_000).contains(value) else {
      refuse(field, "Write 1 to 1,000, or 0 for 100.")
      return 100
    }
    return value == 0 ? 100 : Int(value)
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

  /// The fields that a request changes: those of the mask, or without one those that are set.
  mutating func mask(
    _ mask: GoogleProtobuf.FieldMask?, at field: String, known: [String], set: Set<String>
  ) -> Set<String> {
    guard let mask, !mask.paths.isEmpty else { return set }
    for path in mask.paths where !known.contains(path) {
      refuse(field, "Write only the fields that can change: \(known.joined(separator: ", ")).")
      return []
    }
    return Set(mask.paths)
  }
}
