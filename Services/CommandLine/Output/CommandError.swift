import Foundation
import Glibc
import RPC

/// Why a command failed: what people read, and what programs read with `-o json`.
struct CommandError: Error, Sendable {
  /// The canonical code, such as `NOT_FOUND`.
  var code: StatusCode
  /// A sentence that says what to do.
  var message: String
  /// A stable reason that a program may look at.
  var reason: String?
  /// What is wrong in which field of the request.
  var fieldViolations: [FieldViolation] = []
  /// What to do about it at this terminal, where the server could not know.
  var advice: String?
  /// 1, or 64 for a command that was called wrongly.
  var exitStatus: Int32 = 1

  /// A failure found here.
  init(_ code: StatusCode, _ message: String, reason: String? = nil) {
    self.code = code
    self.message = message
    self.reason = reason
  }

  /// A failure of any kind: what the server answered, or what the system said.
  init(_ error: any Error) {
    switch error {
    case let error as CommandError:
      self = error
    case let error as RPCError:
      self.init(error.code, error.message, reason: error.reason)
      fieldViolations = error.fieldViolations
      advice = Self.advice(for: error)
    case is CancellationError:
      self.init(.cancelled, "The command was interrupted.")
    default:
      self.init(.unknown, "\(error)")
    }
  }

  private static func advice(for error: RPCError) -> String? {
    switch error.code {
    case .unavailable: "Is Rapport running there? deploy/run starts it; --server or RAPPORT_SERVER says where it is."
    case .unauthenticated: "Check the key that --api-key or RAPPORT_KEY gives."
    default: nil
    }
  }

  /// A command that was called wrongly.
  static func usage(_ message: String) -> CommandError {
    var error = CommandError(.invalidArgument, message)
    error.exitStatus = 64
    return error
  }

  static func cannotRead(_ path: String, errno number: Int32) -> CommandError {
    CommandError(.notFound, "\(path) cannot be read: \(String(cString: strerror(number))).")
  }

  static func cannotWrite(_ path: String, errno number: Int32) -> CommandError {
    CommandError(.failedPrecondition, "\(path) cannot be written: \(String(cString: strerror(number))).")
  }
}

extension CommandError {
  /// What people read.
  var text: String {
    var lines = ["Error: \(message)"]
    lines += fieldViolations.map { "  \($0.field): \($0.description)" }
    if let advice { lines.append(advice) }
    return lines.map(\.printable).joined(separator: "\n")
  }

  /// What programs read: `{"error":{"code":…,"message":…,"reason":…,"fieldViolations":[…]}}`, on one line.
  var json: String {
    let form = Form(
      error: .init(
        code: code.description, message: message, reason: reason,
        fieldViolations: fieldViolations.map { .init(field: $0.field, description: $0.description) }))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings always encode; the fallback only satisfies the compiler.
    let bytes = (try? encoder.encode(form)) ?? Data("{}".utf8)
    return String(decoding: bytes, as: UTF8.self)
  }

  private struct Form: Encodable {
    var error: Failure
    struct Failure: Encodable {
      var code: String
      var message: String
      var reason: String?
      var fieldViolations: [Violation]
    }
    struct Violation: Encodable {
      var field: String
      var description: String
    }
  }
}
