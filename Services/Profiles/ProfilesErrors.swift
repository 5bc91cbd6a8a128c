internal import Database
internal import RPC
internal import ServiceKit
internal import UserTables

// What Profiles answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func tableExists(_ id: String) -> RPCError {
    idTaken(id, by: "profile table", field: "profile_table_id", reason: "PROFILE_TABLE_EXISTS")
  }

  static func tableIDIsUsedUp(_ id: String) -> RPCError {
    RPCError(
      .alreadyExists,
      "A profile table “\(id)” was deleted that had profiles. Its name must not come to mean others: choose another id.",
      reason: "PROFILE_TABLE_ID_USED_UP",
      fieldViolations: [FieldViolation(field: "profile_table_id", description: "The id was used. Choose another.")])
  }

  static func tableHasProfiles(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The profile table has profiles. Delete them first, or set `force`.",
      reason: "PROFILE_TABLE_NOT_EMPTY", resource: name)
  }

  static func invalid(_ fault: DefinitionFault) -> RPCError {
    invalid("profile_table.\(fault.field)", fault.explanation)
  }

  static func valueTaken(_ field: String) -> RPCError {
    RPCError(
      .alreadyExists,
      "Another profile has this value of the unique field “\(field)”. Send another, or change that profile.",
      reason: "VALUE_TAKEN",
      fieldViolations: [FieldViolation(field: "profile.fields.\(field)", description: "The value is taken.")])
  }

  static let noRepositories = RPCError(
    .failedPrecondition, "This deployment runs no service of custom tables, so there are no repositories to refer to.",
    reason: "NO_REPOSITORIES")

  static let deletedMeanwhile = RPCError(
    .aborted, "The profile was deleted meanwhile. Send the call again.", reason: "PROFILE_DELETED_MEANWHILE")

  // MARK: - Targetings

  static func targetingExists(_ id: String) -> RPCError {
    idTaken(id, by: "targeting", field: "targeting_id", reason: "TARGETING_EXISTS")
  }

  static func targetingIsBase(_ name: String, of other: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The targeting \(other) is built on this one. Change or delete that one first.",
      reason: "TARGETING_IN_USE", resource: name)
  }

  static func tableHasTargetings(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The profile table has targetings. Delete them first, or set `force`.",
      reason: "PROFILE_TABLE_NOT_EMPTY", resource: name)
  }

  static let targetingChangedMeanwhile = RPCError(
    .aborted, "The targeting, or one that it is built on, was changed or deleted meanwhile. Send the call again.",
    reason: "TARGETING_CHANGED_MEANWHILE")

  /// A saved targeting no longer fits what it is about.
  static func targetingAtFault(_ name: String, _ problem: FieldFault.Problem?) -> RPCError {
    let place = problem.map { "its \($0.field) is at fault. \($0.explanation)" } ?? "it is at fault."
    return RPCError(
      .failedPrecondition, "The targeting \(name) cannot be evaluated: \(place)", reason: "TARGETING_AT_FAULT",
      fieldViolations: problem.map { [FieldViolation(field: $0.field, description: $0.explanation)] } ?? [],
      resource: name)
  }

  static let listExpired = RPCError(
    .failedPrecondition, "The list was begun too long ago. Start again without a page token.",
    reason: "LIST_EXPIRED")

  static func badAnswer(_ cause: (any Error)?) -> RPCError {
    RPCError(.internal, "DataTables' answer cannot be read. Report this.", reason: "BAD_ANSWER", cause: cause)
  }
}
