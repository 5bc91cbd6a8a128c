import Messages
import RPC
import Synchronization

/// Answers as Profiles does what DataTables asks of it: one profile table a name, with profiles that tests put in.
final class ProfilesDouble: Sendable {
  struct Table {
    var number: Int64
    var message: ProfilesV1.ProfileTable
    /// Numbers by attribute and key.
    var profiles: [String: [TypeV1.Value: UInt32]] = [:]
    var living: Set<UInt32> = []
  }

  private struct State {
    var tables: [String: Table] = [:]
    var resolutions = 0
  }

  private let state = Mutex(State())

  /// How many calls have resolved keys.
  var resolutions: Int { state.withLock { $0.resolutions } }

  /// Adds a table `customers` of an entity, with a unique `customerCode` and `emailAddress`, and a `firstName`.
  func addTable(_ name: String, number: Int64) {
    var code = ProfilesV1.Attribute()
    code.id = "customerCode"
    code.type = .string
    code.unique = true
    var email = ProfilesV1.Attribute()
    email.id = "emailAddress"
    email.type = .email
    email.meaning = .emailAddress
    var first = ProfilesV1.Attribute()
    first.id = "firstName"
    first.type = .string
    var message = ProfilesV1.ProfileTable()
    message.name = name
    message.attributes = [code, email, first]
    state.withLock { $0.tables[name] = Table(number: number, message: message) }
  }

  /// Adds profiles with the codes `00001` and so on.
  func addProfiles(_ numbers: some Sequence<UInt32>, to name: String) {
    state.withLock { state in
      for number in numbers {
        let digits = String(number)
        let code = String(repeating: "0", count: 5 - digits.count) + digits
        state.tables[name]?.profiles["customerCode", default: [:]][.text(code)] = number
        state.tables[name]?.profiles["emailAddress", default: [:]][.text("c\(number)@example.test")] = number
        state.tables[name]?.living.insert(number)
      }
    }
  }

  func removeTable(_ name: String) {
    state.withLock { _ = $0.tables.removeValue(forKey: name) }
  }

  func removeProfile(_ number: UInt32, from name: String) {
    state.withLock { state in
      state.tables[name]?.living.remove(number)
      for attribute in ["customerCode", "emailAddress"] {
        let rest = state.tables[name]?.profiles[attribute]?.filter { $0.value != number }
        state.tables[name]?.profiles[attribute] = rest
      }
    }
  }

  var router: Router {
    var router = Router()
    router.handle(InternalV1.ProfileDirectoryService.describeProfileTable) { request, _ in
      guard let table = self.state.withLock({ $0.tables[request.name] }) else { throw RPCError(.notFound, "none") }
      var response = InternalV1.DescribeProfileTableResponse()
      response.profileTable = table.message
      response.number = table.number
      return response
    }
    router.handle(InternalV1.ProfileDirectoryService.resolveProfiles) { request, _ in
      try self.resolve(request)
    }
    return router
  }

  private func resolve(
    _ request: InternalV1.ResolveProfilesRequest
  ) throws -> InternalV1.ResolveProfilesResponse {
    var response = InternalV1.ResolveProfilesResponse()
    response.ids = try state.withLock { state in
      state.resolutions += 1
      guard let table = state.tables[request.profileTable] else { throw RPCError(.notFound, "none") }
      return request.keys.map { key in
        if !request.attribute.isEmpty { return table.profiles[request.attribute]?[key] ?? 0 }
        guard case .int64Value(let number) = key.kind, table.living.contains(UInt32(number)) else { return 0 }
        return UInt32(number)
      }
    }
    return response
  }
}
