import Messages
import RPC
import Synchronization
import UserTables

/// Answers as Profiles does what Forms asks of it, keeps what is written, and fails when it is told to.
final class ProfilesDouble: Sendable {
  /// What happens to the next writes.
  enum Trouble: Sendable {
    /// The call never arrived.
    case before(StatusCode)
    /// It took effect, and the answer was lost.
    case after(StatusCode)
    /// It is refused for these fields.
    case refusing([String])
  }

  private struct State {
    var tables: [String: (number: Int64, message: ProfilesV1.ProfileTable)] = [:]
    var living: [String: [UInt32: [String: TypeV1.Value]]] = [:]
    var troubles: [Trouble] = []
    var written: [String: InternalV1.WriteProfileRequest] = [:]
    var effects: [InternalV1.WriteProfileRequest] = []
    var calls = 0
  }

  private let state = Mutex(State())

  /// Writes that took effect, in their order: each request id once, as the ledger of Profiles sees to it.
  var effects: [InternalV1.WriteProfileRequest] { state.withLock { $0.effects } }
  /// How often a write was asked for.
  var calls: Int { state.withLock { $0.calls } }

  func add(_ table: ProfilesV1.ProfileTable, number: Int64, profiles: ClosedRange<UInt32>) {
    state.withLock { state in
      state.tables[table.name] = (number, table)
      state.living[table.name] = Dictionary(uniqueKeysWithValues: profiles.map { ($0, [:]) })
    }
  }

  func set(_ field: String, _ value: TypeV1.Value, of profile: UInt32) {
    state.withLock { $0.living[TestSuite.customers]?[profile]?[field] = value }
  }

  func removeTable(_ name: String) {
    state.withLock { state in
      state.tables[name] = nil
      state.living[name] = nil
    }
  }

  func remove(_ profile: UInt32) {
    state.withLock { _ = $0.living[TestSuite.customers]?.removeValue(forKey: profile) }
  }

  func meet(_ troubles: Trouble...) {
    state.withLock { $0.troubles += troubles }
  }

  var router: Router {
    typealias Service = InternalV1.ProfileDirectoryService
    var router = Router()
    router.handle(Service.describeProfileTable) { request, _ in
      guard let table = self.state.withLock({ $0.tables[request.name] }) else { throw RPCError(.notFound, "none") }
      var response = InternalV1.DescribeProfileTableResponse()
      response.profileTable = table.message
      response.number = table.number
      return response
    }
    router.handle(Service.resolveProfiles) { request, _ in try self.resolve(request) }
    router.handle(Service.readProfiles) { request, _ in
      var response = InternalV1.ReadProfilesResponse()
      let living = self.state.withLock { $0.living[request.profileTable] } ?? [:]
      response.profiles = request.ids.compactMap { id in
        living[id].map { fields in
          var profile = ProfilesV1.Profile()
          profile.name = "\(request.profileTable)/profiles/\(id)"
          profile.fields = fields
          return profile
        }
      }
      return response
    }
    router.handle(Service.writeProfile) { request, _ in try self.write(request) }
    return router
  }

  private func resolve(_ request: InternalV1.ResolveProfilesRequest) throws -> InternalV1.ResolveProfilesResponse {
    var response = InternalV1.ResolveProfilesResponse()
    response.ids = try state.withLock { state in
      guard let living = state.living[request.profileTable] else { throw RPCError(.notFound, "none") }
      return request.keys.map { key in
        if !request.attribute.isEmpty { return living.first { $0.value[request.attribute] == key }?.key ?? 0 }
        guard case .int64Value(let number) = key.kind, living[UInt32(clamping: number)] != nil else { return 0 }
        return UInt32(number)
      }
    }
    return response
  }

  private func write(_ request: InternalV1.WriteProfileRequest) throws -> InternalV1.WriteProfileResponse {
    try state.withLock { state in
      state.calls += 1
      let trouble = state.troubles.isEmpty ? nil : state.troubles.removeFirst()
      if case .before(let code) = trouble { throw RPCError(code, "Not now.") }
      if case .refusing(let fields) = trouble {
        throw RPCError(
          .alreadyExists, "Taken.", reason: "VALUE_TAKEN",
          fieldViolations: fields.map { FieldViolation(field: "profile.fields.\($0)", description: "Taken.") })
      }
      let number = UInt32(request.profile?.name.split(separator: "/").last ?? "") ?? 0
      guard state.living[TestSuite.customers]?[number] != nil else { throw RPCError(.notFound, "none") }
      if let known = state.written[request.requestId] {
        guard known.profile?.fields == request.profile?.fields else {
          throw RPCError(.failedPrecondition, "Used.", reason: "REQUEST_ID_USED")
        }
      } else {
        state.written[request.requestId] = request
        state.effects.append(request)
      }
      if case .after(let code) = trouble { throw RPCError(code, "Lost.") }
      var response = InternalV1.WriteProfileResponse()
      response.id = number
      return response
    }
  }
}
