internal import RPC
internal import ServiceKit
internal import UserTables

// What Automation answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func scenarioExists(_ id: String) -> RPCError {
    idTaken(id, by: "scenario", field: "scenario_id", reason: "SCENARIO_EXISTS")
  }

  static func scenarioIsActive(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The scenario is active. Pause it first.", reason: "SCENARIO_ACTIVE", resource: name)
  }

  static func scenarioIsNotActive(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The scenario is not active, so nothing begins. Activate it first.",
      reason: "SCENARIO_NOT_ACTIVE", resource: name)
  }

  static func scenarioBeginsOtherwise(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "This scenario does not begin by a call. Name one whose trigger is `call`.",
      reason: "SCENARIO_NOT_CALLED", resource: name)
  }

  static func alreadyInScenario(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition,
      "The profile is or was in the scenario, whose re-entry does not let it begin again. "
        + "Wait until its execution has ended, or change `reentry`.",
      reason: "REENTRY_REFUSED", resource: name)
  }

  static let changedMeanwhile = RPCError(
    .aborted, "The scenario was changed meanwhile. Read it again and repeat the update.",
    reason: "SCENARIO_CHANGED_MEANWHILE")

  static func invalid(_ fault: DefinitionFault) -> RPCError {
    invalid("scenario.\(fault.field)", fault.explanation)
  }

  static func absent(_ service: ServiceName, field: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The field \(field) needs the service \(service), which this suite runs without.",
      reason: "SERVICE_ABSENT",
      fieldViolations: [FieldViolation(field: field, description: "The service \(service) does not run here.")])
  }
}

extension RPCError {
  /// Whether the same call may succeed later; otherwise the answer is for good.
  var isPassing: Bool {
    switch code {
    case .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition, .outOfRange,
      .unimplemented, .dataLoss:
      false
    default: true
    }
  }

  /// What is kept of a refusal: no values, since no error of the suite carries any.
  var summary: String {
    let reason = self.reason.map { " (\($0))" } ?? ""
    return "\(code)\(reason): \(message)"
  }
}
