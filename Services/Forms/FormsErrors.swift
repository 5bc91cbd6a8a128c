internal import RPC
internal import ServiceKit
internal import UserTables

// What Forms answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func formExists(_ id: String) -> RPCError {
    idTaken(id, by: "form", field: "form_id", reason: "FORM_EXISTS")
  }

  static func formIsPublished(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The form is published. Close it first.", reason: "FORM_PUBLISHED", resource: name)
  }

  static func formHasNoQuestions(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The form has no question that anybody could see. Add one before it is published.",
      reason: "FORM_EMPTY", resource: name)
  }

  static func formNotOpen(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition,
      "The form takes no answers now. Publish it, and look at its open_time, close_time and max_participations.",
      reason: "FORM_NOT_OPEN", resource: name)
  }

  static func alreadyAnswered(_ name: String) -> RPCError {
    RPCError(
      .alreadyExists, "The profile has answered this form, once and for good.", reason: "ALREADY_ANSWERED",
      resource: name)
  }

  static func invalid(_ fault: DefinitionFault) -> RPCError {
    invalid("form.\(fault.field)", fault.explanation)
  }

  static let formChangedMeanwhile = RPCError(
    .aborted, "The form was changed meanwhile. Send the call again.", reason: "FORM_CHANGED_MEANWHILE")
}
