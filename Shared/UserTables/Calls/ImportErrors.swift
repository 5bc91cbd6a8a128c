internal import RPC

// What every import answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func importExists(_ name: String, isSame: Bool) -> RPCError {
    isSame
      ? RPCError(
        .alreadyExists, "This request has begun the import \(name) before. Resume it by its name.",
        reason: "IMPORT_EXISTS", resource: name)
      : RPCError(
        .alreadyExists, "The request id belongs to an import with other settings. Send another id.",
        reason: "REQUEST_ID_REUSED",
        fieldViolations: [FieldViolation(field: "start.request_id", description: "The id is used.")])
  }

  static func importNotRunning(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The import has ended: nothing of it is left to resume. Start another.",
      reason: "IMPORT_ENDED", resource: name)
  }

  static func importTakenOver(_ name: String) -> RPCError {
    RPCError(
      .aborted, "Another call has resumed this import. Follow that one, or resume the import again.",
      reason: "IMPORT_TAKEN_OVER", resource: name)
  }

  static func invalid(_ fault: ImportFault, import name: String?) -> RPCError {
    RPCError(
      .invalidArgument, fault.explanation, reason: "INVALID_IMPORT",
      fieldViolations: fault.field.map { [FieldViolation(field: "start.\($0)", description: fault.explanation)] } ?? [],
      resource: name)
  }
}
