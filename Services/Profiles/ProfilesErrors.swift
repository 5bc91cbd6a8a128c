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
}
