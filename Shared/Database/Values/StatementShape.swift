import FoundationEssentials
import Values

/// What a statement's parameters are, as PostgreSQL inferred it. Its identity stands for the statement in caches.
final class StatementShape: Sendable {
  let statement: Statement
  let types: [PostgresType]
  private let formats: [Int32]

  /// PostgreSQL takes a message of up to 1 GiB; a little is left for its frame.
  static let maximumBytes = 1_073_000_000

  init(statement: Statement, types: [PostgresType]) {
    self.statement = statement
    self.types = types
    // An enum's or domain's binary form is not known here; its text always is.
    formats = types.map { $0.isUserDefined ? 0 : 1 }
  }

  /// - Throws: `.invalidValue`, naming the parameter by its number, when one does not fit its type.
  func encode(_ parameters: [SQLValue]) throws(DatabaseError) -> EncodedParameters {
    guard parameters.count == types.count else {
      throw error("The statement has \(types.count) parameters, not \(parameters.count).")
    }
    var encoded = EncodedParameters(formats: formats)
    for (index, parameter) in parameters.enumerated() {
      if case .null = parameter {
        encoded.appendNull()
        continue
      }
      do throws(ValueError) {
        try encoded.append { (bytes) throws(ValueError) in
          try BinaryEncoder.encode(parameter, as: types[index], into: &bytes)
        }
      } catch { throw self.error("Parameter $\(index + 1): \(error.message)") }
    }
    guard encoded.byteCount <= Self.maximumBytes else { throw error("The parameters have together at most 1 GiB.") }
    return encoded
  }

  private func error(_ message: String) -> DatabaseError {
    DatabaseError(.invalidValue, message, statement: statement.name)
  }
}
