internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

// What Messaging answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func senderExists(_ id: String) -> RPCError {
    idTaken(id, by: "sender", field: "sender_id", reason: "SENDER_EXISTS")
  }

  static func senderIsUsed(_ name: String, by campaign: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The campaign \(campaign) comes from this sender. Give it another, or delete it first.",
      reason: "SENDER_IN_USE", resource: name)
  }

  static func campaignExists(_ id: String) -> RPCError {
    idTaken(id, by: "campaign", field: "campaign_id", reason: "CAMPAIGN_EXISTS")
  }

  static func campaignWasLaunched(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The campaign was launched before. Create another to send again.",
      reason: "CAMPAIGN_WAS_LAUNCHED", resource: name)
  }

  static func campaignIsFixed(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition,
      "The campaign was launched: only its display name and rate still change. Create another for the rest.",
      reason: "CAMPAIGN_WAS_LAUNCHED", resource: name)
  }

  static func campaignIsRunning(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The campaign is not over. Cancel it first, or wait until it is completed.",
      reason: "CAMPAIGN_IS_RUNNING", resource: name)
  }

  static func campaignIs(_ state: MessagingV1.CampaignState, _ name: String, so action: String) -> RPCError {
    let word = "\(state)".replacing("CAMPAIGN_STATE_", with: "").lowercased()
    return RPCError(
      .failedPrecondition, "The campaign is \(word) and cannot be \(action).", reason: "CAMPAIGN_STATE", resource: name)
  }

  static func campaignIsNotActive(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The campaign was not launched, or was cancelled. Launch it, or name another.",
      reason: "CAMPAIGN_NOT_ACTIVE",
      resource: name)
  }

  static func campaignIsMass(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "A mass campaign is launched to its targeting. Send an ongoing or transactional one.",
      reason: "CAMPAIGN_IS_MASS", resource: name)
  }

  static func campaignIsIncomplete(_ name: String, _ what: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The campaign cannot be launched yet. \(what)", reason: "CAMPAIGN_INCOMPLETE", resource: name
    )
  }

  static let changedMeanwhile = RPCError(
    .aborted, "Another call has changed the campaign meanwhile. Send the call again.", reason: "CHANGED_MEANWHILE")

  static let populationDamaged = RPCError(
    .internal, "The population of the targeting came damaged. Launch again; report it if it stays so.",
    reason: "POPULATION_DAMAGED")
}
