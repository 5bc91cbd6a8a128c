internal import Database
internal import RPC
internal import ServiceKit
internal import UserTables

// What Profiles answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func tableExists(_ id: String) -> RPCError {
    RPCError(
      .alreadyExists, "There is a profile table “\(id)” already. Choose another id, or update that one.",
      reason: "PROFILE_TABLE_EXISTS",
      fieldViolations: [FieldViolation(field: "profile_table_id", description: "The id is taken.")])
  }

  static func tableHasProfiles(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The profile table has profiles. Delete them first, or set `force`.",
      reason: "PROFILE_TABLE_NOT_EMPTY", resource: name)
  }

  static func invalid(_ field: String, _ explanation: String) -> RPCError {
    RPCError(
      .invalidArgument, "The field \(field) is not accepted. \(explanation)", reason: "INVALID_FIELD",
      fieldViolations: [FieldViolation(field: field, description: explanation)])
  }

  static func invalid(_ fault: DefinitionFault) -> RPCError {
    invalid("profile_table.\(fault.field)", fault.explanation)
  }

  static func invalid(_ fault: ProfileFault) -> RPCError {
    let first = fault.problems.first.map { "\($0.field): \($0.explanation)" } ?? ""
    return RPCError(
      .invalidArgument, "The profile is not accepted. \(first)", reason: "INVALID_FIELD",
      fieldViolations: fault.problems.map { FieldViolation(field: $0.field, description: $0.explanation) })
  }

  static func valueTaken(_ field: String) -> RPCError {
    RPCError(
      .alreadyExists, "Another profile has this value of the unique field “\(field)”. Send another, or change that profile.",
      reason: "VALUE_TAKEN",
      fieldViolations: [FieldViolation(field: "profile.fields.\(field)", description: "The value is taken.")])
  }

  static let deletedMeanwhile = RPCError(
    .aborted, "The profile was deleted meanwhile. Send the call again.", reason: "PROFILE_DELETED_MEANWHILE")

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
