import Messages
import RPC
import Synchronization
import UserTables
import Values

/// Answers as the other services do what Automation asks of them, and counts what takes effect there.
final class NeighboursDouble: Sendable {
  struct Sent: Hashable {
    var campaign: String
    var profile: UInt32
    var values: [String: TypeV1.Value]
  }

  struct State {
    var tables: [String: (number: Int64, message: ProfilesV1.ProfileTable)] = [:]
    var profiles: [String: [UInt32: [String: TypeV1.Value]]] = [:]
    var customTables: [String: (number: Int64, message: TablesV1.CustomTable)] = [:]
    var rows: [String: [Int64: TablesV1.Row]] = [:]
    var forms: [String: FormsV1.Form] = [:]
    var participations: [String: FormsV1.Participation] = [:]
    var campaigns: [String: MessagingV1.Campaign] = [:]
    /// What took effect, by request id: the first time alone, as a request ledger has it.
    var sends: [String: Sent] = [:]
    var writes: [String: InternalV1.WriteProfileRequest] = [:]
    var written: [String: InternalV1.WriteProfileResponse] = [:]
    /// Calls that asked for an effect, repeats included.
    var effectCalls = 0
    /// Errors that the next calls for an effect end with, after or before it took place.
    var failures: [Failure] = []
    /// Whether a call for an effect finds the service away, by its request id and the calls with it so far.
    var isAway: @Sendable (_ requestID: String, _ calls: Int) -> Bool = { _, _ in false }
    /// Calls that asked for an effect, by request id.
    var calls: [String: Int] = [:]
    /// Errors that the next calls that only look end with.
    var lookFailures: [RPCError] = []
  }

  /// A call that goes wrong: before its effect, or after it, when the answer is lost.
  struct Failure {
    var error: RPCError
    var isAfterEffect = false
  }

  private let state = Mutex(State())

  func with<Result: Sendable>(_ body: (inout sending State) -> sending Result) -> Result { state.withLock(body) }

  var sends: [Sent] { state.withLock { state in state.sends.sorted { $0.key < $1.key }.map(\.value) } }
  var sendCount: Int { state.withLock { $0.sends.count } }
  var writeCount: Int { state.withLock { $0.writes.count } }
  var effectCalls: Int { state.withLock { $0.effectCalls } }

  func fields(_ profile: UInt32, of table: String = TestSuite.customers) -> [String: TypeV1.Value] {
    state.withLock { $0.profiles[table]?[profile] ?? [:] }
  }

  func fail(_ error: RPCError, afterEffect: Bool = false, times: Int = 1) {
    state.withLock { state in
      for _ in 0..<times { state.failures.append(Failure(error: error, isAfterEffect: afterEffect)) }
    }
  }

  func failLooking(_ error: RPCError, times: Int = 1) {
    state.withLock { state in for _ in 0..<times { state.lookFailures.append(error) } }
  }

  var router: Router {
    var router = Router()
    registerDescriptions(on: &router)
    registerReads(on: &router)
    router.handle(InternalV1.MessageDirectoryService.sendCampaign) { request, _ in try self.send(request) }
    router.handle(InternalV1.ProfileDirectoryService.writeProfile) { request, _ in try self.write(request) }
    return router
  }

  private func registerDescriptions(on router: inout Router) {
    router.handle(InternalV1.ProfileDirectoryService.describeProfileTable) { request, _ in
      let found = try self.look { $0.tables[request.name] }
      var response = InternalV1.DescribeProfileTableResponse()
      (response.profileTable, response.number) = (found.message, found.number)
      return response
    }
    router.handle(InternalV1.TableDirectoryService.describeCustomTable) { request, _ in
      let found = try self.look { $0.customTables[request.name] }
      var response = InternalV1.DescribeCustomTableResponse()
      (response.customTable, response.number) = (found.message, found.number)
      return response
    }
    router.handle(InternalV1.FormDirectoryService.describeForm) { request, _ in
      var response = InternalV1.DescribeFormResponse()
      response.form = try self.look { $0.forms[request.name] }
      return response
    }
    router.handle(InternalV1.MessageDirectoryService.describeCampaign) { request, _ in
      var response = InternalV1.DescribeCampaignResponse()
      response.campaign = try self.look { $0.campaigns[request.name] }
      return response
    }
  }

  private func registerReads(on router: inout Router) {
    router.handle(InternalV1.ProfileDirectoryService.readProfiles) { request, _ in
      let profiles = try self.look { $0.profiles[request.profileTable] }
      var response = InternalV1.ReadProfilesResponse()
      response.profiles = request.ids.compactMap { id in
        guard let fields = profiles[id] else { return nil }
        var profile = ProfilesV1.Profile()
        profile.name = "\(request.profileTable)/profiles/\(id)"
        profile.fields = fields
        return profile
      }
      return response
    }
    router.handle(InternalV1.ProfileDirectoryService.findProfilesByDate) { request, _ in
      var response = InternalV1.FindProfilesByDateResponse()
      response.profiles = try self.look { $0.dated(request) }
      return response
    }
    router.handle(InternalV1.ProfileDirectoryService.resolveProfiles) { request, _ in
      let profiles = try self.look { $0.profiles[request.profileTable] }
      var response = InternalV1.ResolveProfilesResponse()
      response.ids = request.keys.map { key in
        guard case .int64Value(let number) = key.kind, profiles[UInt32(number)] != nil else { return 0 }
        return UInt32(number)
      }
      return response
    }
    router.handle(InternalV1.TableDirectoryService.readRows) { request, _ in
      let rows = try self.look { $0.rows[request.table, default: [:]] }
      var response = InternalV1.ReadRowsResponse()
      response.rows = request.numbers.compactMap { rows[$0] }
      return response
    }
    router.handle(InternalV1.FormDirectoryService.readParticipation) { request, _ in
      var response = InternalV1.ReadParticipationResponse()
      response.participation = try self.look { $0.participations[request.name] }
      return response
    }
  }

  private func look<Found>(_ find: (State) -> Found?) throws -> Found {
    try state.withLock { state in
      if !state.lookFailures.isEmpty { throw state.lookFailures.removeFirst() }
      guard let found = find(state) else { throw RPCError(.notFound, "none") }
      return found
    }
  }

  private func send(_ request: InternalV1.SendCampaignRequest) throws -> InternalV1.SendCampaignResponse {
    try state.withLock { state in
      let failure = try begin(request.requestId, &state)
      let sent = Sent(campaign: request.campaign, profile: request.profile, values: request.values)
      guard state.sends[request.requestId] ?? sent == sent else { throw RPCError.requestIDUsedElsewhere }
      state.sends[request.requestId] = sent
      if let failure { throw failure }
      var response = InternalV1.SendCampaignResponse()
      response.message = "\(request.campaign)/messages/\(request.profile)"
      return response
    }
  }

  private func write(_ request: InternalV1.WriteProfileRequest) throws -> InternalV1.WriteProfileResponse {
    try state.withLock { state in
      let failure = try begin(request.requestId, &state)
      if let known = state.writes[request.requestId] {
        guard known == request else { throw RPCError.requestIDUsedElsewhere }
        if let failure { throw failure }
        return state.written[request.requestId] ?? .init()
      }
      let parts = (request.profile?.name ?? "").split(separator: "/").map(String.init)
      let table = parts.dropLast(2).joined(separator: "/")
      guard var profiles = state.profiles[table] else { throw RPCError(.notFound, "none") }
      var response = InternalV1.WriteProfileResponse()
      if let id = UInt32(parts.last ?? "") {
        guard profiles[id] != nil else { throw RPCError(.notFound, "none") }
        response.id = id
      } else {
        let key = (parts.last ?? "").split(separator: "=").map(String.init)
        let value = TypeV1.Value.text(key[1])
        if let id = profiles.first(where: { $0.value[key[0]] == value })?.key {
          response.id = id
        } else {
          guard request.createMissing else { throw RPCError(.notFound, "none") }
          (response.id, response.created) = ((profiles.keys.max() ?? 0) + 1, true)
          profiles[response.id] = [key[0]: value]
        }
      }
      profiles[response.id, default: [:]].merge(request.profile?.fields ?? [:]) { $1 }
      state.profiles[table] = profiles
      state.writes[request.requestId] = request
      state.written[request.requestId] = response
      if let failure { throw failure }
      return response
    }
  }

  /// - Returns: what to fail with after the effect.
  private func begin(_ requestID: String, _ state: inout State) throws -> RPCError? {
    state.effectCalls += 1
    state.calls[requestID, default: 0] += 1
    if state.isAway(requestID, state.calls[requestID] ?? 0) { throw RPCError(.unavailable, "away") }
    guard !state.failures.isEmpty else { return nil }
    let failure = state.failures.removeFirst()
    guard failure.isAfterEffect else { throw failure.error }
    return failure.error
  }
}

extension NeighboursDouble.State {
  /// The profiles that Profiles finds by a date.
  fileprivate func dated(_ request: InternalV1.FindProfilesByDateRequest) -> [InternalV1.DatedProfile]? {
    guard let table = tables[request.profileTable]?.message else { return nil }
    let zone = table.attributes.first { $0.meaning == .timeZone }?.id ?? ""
    let found = profiles[request.profileTable, default: [:]].compactMap { id, fields -> InternalV1.DatedProfile? in
      guard id > request.after, let value = fields[request.attribute], let day = value.utcDay else { return nil }
      guard request.days.contains(where: { $0.isMet(by: day) }) else { return nil }
      var profile = InternalV1.DatedProfile()
      (profile.id, profile.value) = (id, value)
      if case .stringValue(let name) = fields[zone]?.kind { profile.timeZone = name }
      return profile
    }
    return Array(found.sorted { $0.id < $1.id }.prefix(Int(request.limit)))
  }
}

extension InternalV1.CalendarDay {
  fileprivate func isMet(by date: TypeV1.Date) -> Bool {
    (year == 0 || year == date.year) && month == date.month && day == date.day
  }
}

extension TypeV1.Value {
  fileprivate var utcDay: TypeV1.Date? {
    switch kind {
    case .dateValue(let date): date
    case .timestampValue(let time): (try? Timestamp(time).utcDate)?.message
    default: nil
    }
  }
}

extension RPCError {
  static let requestIDUsedElsewhere = RPCError(.failedPrecondition, "used", reason: "REQUEST_ID_USED")
}
