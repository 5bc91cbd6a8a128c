internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import Values

/// Does what a step asks for: the one place where executions act on other services.
///
/// An execution that stands on such a step is the stored intent. The call carries the request id of execution and step,
/// so that its repeat after a crash has no second effect, and what it answered is stored by ``ExecutionStore/settle(_:_:now:)``.
struct StepTaker: Sendable {
  let neighbours: Neighbours
  let time: any TimeSource

  /// What comes of an execution where it stands.
  ///
  /// - Throws: `CancellationError`; every other error becomes a settlement.
  func take(_ execution: ExecutionRecord, on version: ScenarioVersion) async throws -> StepMachine.Settlement {
    let machine = StepMachine(version: version)
    let moment = version.moment(time.now)
    do {
      switch machine.action(for: execution, at: moment) {
      case .settle(let settlement): return settlement
      case .readProfile(let branch):
        guard let profile = try await read(execution, version) else { return .left }
        return machine.decide(branch, on: profile.fields, at: moment)
      case .send(let campaign):
        let message = try await send(campaign, execution, version)
        return machine.done(execution, outcome: message.isEmpty ? "asked for" : message)
      case .update(let fields):
        try await update(fields, execution, version)
        return machine.done(execution, outcome: "wrote \(fields.keys.sorted().joined(separator: ", "))")
      }
    } catch let error as RPCError where error.code != .cancelled || !Task.isCancelled {
      return RetryRules.settlement(
        of: error, attempts: execution.attempts, since: execution.triedSince ?? time.now, now: time.now)
    }
  }

  private func read(_ execution: ExecutionRecord, _ version: ScenarioVersion) async throws -> ProfilesV1.Profile? {
    var request = InternalV1.ReadProfilesRequest()
    request.profileTable = version.definition.profileTable
    request.ids = [UInt32(clamping: execution.profile)]
    return try await neighbours.profiles.call(
      InternalV1.ProfileDirectoryService.readProfiles, request, entity: version.scope,
      onBehalfOf: execution.onBehalfOf
    ).profiles.first
  }

  private func send(
    _ campaign: String, _ execution: ExecutionRecord, _ version: ScenarioVersion
  ) async throws -> String {
    var request = InternalV1.SendCampaignRequest()
    request.campaign = campaign
    request.profile = UInt32(clamping: execution.profile)
    request.values = execution.values
    request.requestId = execution.requestID
    return try await Neighbours.require(neighbours.messaging, .messaging).call(
      InternalV1.MessageDirectoryService.sendCampaign, request, entity: version.scope,
      onBehalfOf: execution.onBehalfOf
    ).message
  }

  private func update(
    _ fields: [String: TypeV1.Value], _ execution: ExecutionRecord, _ version: ScenarioVersion
  ) async throws {
    var request = InternalV1.WriteProfileRequest()
    var profile = ProfilesV1.Profile()
    profile.name = "\(version.definition.profileTable)/profiles/\(execution.profile)"
    profile.fields = fields
    request.profile = profile
    request.provenance = .scenario(version.definition.name)
    request.requestId = execution.requestID
    _ = try await neighbours.profiles.call(
      InternalV1.ProfileDirectoryService.writeProfile, request, entity: version.scope,
      onBehalfOf: execution.onBehalfOf)
  }
}

extension ProfilesV1.Provenance {
  /// What a scenario writes.
  static func scenario(_ name: String) -> ProfilesV1.Provenance {
    var provenance = ProfilesV1.Provenance()
    provenance.source = String(name.prefix(200))
    provenance.way = "scenario"
    return provenance
  }
}
