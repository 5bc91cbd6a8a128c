package import Messages
package import RPC
package import ServiceKit
package import Values

/// Reads a field that names a resource.
///
/// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the field.
package func name(_ text: String, as pattern: ResourcePattern, field: String) throws(RPCError) -> ResourceMatch {
  do { return try pattern.match(text) } catch { throw .invalidName(error, field: field) }
}

/// Reads a field that holds a time; nil where it is not set.
///
/// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the field.
package func moment(_ sent: GoogleProtobuf.Timestamp?, field: String) throws(RPCError) -> Timestamp? {
  guard let sent else { return nil }
  do { return try Timestamp(sent) } catch { throw .invalid(field, error.explanation) }
}

/// The values that an update's mask names; nil stands for those that are sent.
///
/// - Parameters:
///   - paths: as sent: `fields.firstName`, or `fields` or `*` for all that are sent.
///   - map: the field of the resource that carries its values: `fields`.
///   - noun: what one of them is called in an error: `field`.
/// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the path.
package func maskedValues(_ paths: [String], of map: String, noun: String) throws(RPCError) -> [String]? {
  if paths.isEmpty || paths == [map] || paths == ["*"] { return nil }
  let prefix = "\(map)."
  var values: [String] = []
  for path in paths {
    guard path.hasPrefix(prefix), path.count > prefix.count else {
      throw .invalid("update_mask", "It names “\(path)”. Name `\(prefix)` and a \(noun), or `\(map)`.")
    }
    values.append(String(path.dropFirst(prefix.count)))
  }
  return values
}

extension RPCError {
  /// A field of the request that is at fault, whatever the state of the system.
  ///
  /// - Parameter explanation: what is wrong and what to do, never the value.
  package static func invalid(_ field: String, _ explanation: String) -> RPCError {
    RPCError(
      .invalidArgument, "The field \(field) is not accepted. \(explanation)", reason: "INVALID_FIELD",
      fieldViolations: [FieldViolation(field: field, description: explanation)])
  }

  /// Values that are at fault, each by its path.
  package static func invalid(_ fault: FieldFault) -> RPCError {
    let first = fault.problems.first.map { "The field \($0.field) is not accepted. \($0.explanation)" }
    return RPCError(
      .invalidArgument, first ?? "The values are not accepted.", reason: "INVALID_FIELD",
      fieldViolations: fault.problems.map { FieldViolation(field: $0.field, description: $0.explanation) })
  }
  /// An id that another resource of its kind has.
  ///
  /// - Parameters:
  ///   - noun: the kind, as it is called in a sentence: `custom table`.
  ///   - field: where the id was sent.
  ///   - reason: never changes.
  package static func idTaken(_ id: String, by noun: String, field: String, reason: String) -> RPCError {
    RPCError(
      .alreadyExists, "There is a \(noun) “\(id)” already. Choose another id, or update that one.", reason: reason,
      fieldViolations: [FieldViolation(field: field, description: "The id is taken.")])
  }
}
