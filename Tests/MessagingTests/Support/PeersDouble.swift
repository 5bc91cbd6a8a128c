import Messages
import Populations
import RPC
import Synchronization
import Values

@testable import Messaging

/// Answers as Profiles and DataTables do what Messaging asks of them: one table of customers, stores and orders.
final class PeersDouble: Sendable {
  static let customers = "entities/b2c/profileTables/customers"
  static let stores = "entities/b2c/customTables/stores"
  static let orders = "entities/b2c/customTables/orders"

  private struct State {
    var profiles: [UInt32: [String: TypeV1.Value]] = [:]
    var targeted: [UInt32] = []
    var orders: [UInt32: [[String: TypeV1.Value]]] = [:]
    var writes: [InternalV1.WriteProfileRequest] = []
    var isDown = false
    var areTablesDown = false
    var lacksOrders = false
    var lacksCustomers = false
    var limits: [Int32] = []
  }

  private let state = Mutex(State())

  /// The changes of profiles that were asked for.
  var writes: [InternalV1.WriteProfileRequest] { state.withLock { $0.writes } }
  /// How many rows of each profile were asked for.
  var limits: [Int32] { state.withLock { $0.limits } }

  /// Adds profiles who get mail, and lets the targeting hold them.
  func add(_ numbers: some Sequence<UInt32>, _ change: (inout [String: TypeV1.Value]) -> Void = { _ in }) {
    state.withLock { state in
      for number in numbers {
        var fields: [String: TypeV1.Value] = [
          "emailAddress": .text("c\(number)@example.test"), "firstName": .text("Mo'nique"), "tier": .text("gold"),
          "motherLanguage": .text(number % 2 == 0 ? "en" : "fr"), "marketingConsent": .flag(true),
          "newsletter": .flag(true), "preferredStore": .text("S01"),
        ]
        change(&fields)
        state.profiles[number] = fields
        state.targeted.append(number)
        state.orders[number] = (1...4).map { order in
          ["orderCode": .text("\(number)-\(order)"), "amount": .int(Int64(order))]
        }
      }
    }
  }

  func change(_ number: UInt32, _ field: String, _ value: TypeV1.Value) {
    state.withLock { $0.profiles[number]?[field] = value }
  }

  func remove(_ number: UInt32) {
    state.withLock { _ = $0.profiles.removeValue(forKey: number) }
  }

  /// Lets every call fail as if nobody were there.
  func setDown(_ isDown: Bool) {
    state.withLock { $0.isDown = isDown }
  }

  /// Lets DataTables fail as if nobody were there.
  func setTablesDown(_ areDown: Bool) {
    state.withLock { $0.areTablesDown = areDown }
  }

  /// Takes the custom table of orders away, or gives it back.
  func setOrdersMissing(_ areMissing: Bool) {
    state.withLock { $0.lacksOrders = areMissing }
  }

  /// Takes the profile table away.
  func setProfileTableGone() {
    state.withLock { $0.lacksCustomers = true }
  }

  private func answer<Answer>(_ body: (inout State) throws -> Answer) throws -> Answer {
    try state.withLock { state in
      if state.isDown { throw RPCError(.unavailable, "down") }
      return try body(&state)
    }
  }

  // MARK: - Profiles

  var profilesRouter: Router {
    var router = Router()
    router.handle(InternalV1.ProfileDirectoryService.describeProfileTable) { request, _ in
      try self.answer { state in
        guard request.name == Self.customers, !state.lacksCustomers else {
          throw RPCError(.notFound, "none", reason: "RESOURCE_NOT_FOUND", resource: request.name)
        }
        var response = InternalV1.DescribeProfileTableResponse()
        response.number = 7
        response.profileTable = Self.table
        return response
      }
    }
    router.handle(InternalV1.ProfileDirectoryService.resolveProfiles) { request, _ in
      try self.answer { state in
        var response = InternalV1.ResolveProfilesResponse()
        response.ids = request.keys.map { key in
          if case .int64Value(let number) = key.kind, state.profiles[UInt32(number)] != nil { return UInt32(number) }
          return state.profiles.first { $0.value[request.attribute] == key }?.key ?? 0
        }
        return response
      }
    }
    router.handle(InternalV1.ProfileDirectoryService.readProfiles) { request, _ in
      try self.answer { state in
        var response = InternalV1.ReadProfilesResponse()
        response.profiles = request.ids.compactMap { id in
          state.profiles[id].map { fields in
            var profile = ProfilesV1.Profile()
            profile.name = "\(Self.customers)/profiles/\(id)"
            profile.fields = fields
            return profile
          }
        }
        return response
      }
    }
    router.handle(InternalV1.ProfileDirectoryService.writeProfile) { request, _ in
      try self.answer { state in
        let id = request.profile?.name.split(separator: "/").last.flatMap { UInt32($0) } ?? 0
        guard state.profiles[id] != nil else { throw RPCError(.notFound, "none") }
        state.writes.append(request)
        for (field, value) in request.profile?.fields ?? [:] { state.profiles[id]?[field] = value }
        return InternalV1.WriteProfileResponse()
      }
    }
    router.handle(InternalV1.TargetingDirectoryService.describeTargeting) { request, _ in
      try self.answer { _ in
        var response = InternalV1.DescribeTargetingResponse()
        response.profileTable = try Self.table(of: request.name)
        return response
      }
    }
    router.handle(InternalV1.TargetingDirectoryService.evaluateTargeting) { request, _ in
      try self.answer { state in
        var response = InternalV1.EvaluateTargetingResponse()
        response.profileTable = try Self.table(of: request.name)
        response.profiles = Population(state.targeted).message
        return response
      }
    }
    return router
  }

  private static func table(of targeting: String) throws -> String {
    switch targeting {
    case "entities/b2c/targetings/readers", "entities/b2c/targetings/others": return customers
    case "entities/b2c/targetings/prospects": return "entities/b2c/profileTables/prospects"
    default: throw RPCError(.notFound, "none", reason: "RESOURCE_NOT_FOUND", resource: targeting)
    }
  }

  private static var table: ProfilesV1.ProfileTable {
    var table = ProfilesV1.ProfileTable()
    table.name = customers
    table.attributes = [
      .sample("emailAddress", .email, .emailAddress), .sample("firstName", .string), .sample("lastName", .string),
      .sample("motherLanguage", .language, .motherLanguage), .sample("marketingConsent", .boolean, .marketingConsent),
    ]
    var newsletter = ProfilesV1.Subscription()
    newsletter.id = "newsletter"
    newsletter.channel = .email
    var sms = ProfilesV1.Subscription()
    sms.id = "alerts"
    sms.channel = .sms
    table.subscriptions = [newsletter, sms]
    var tier = ProfilesV1.Segment()
    tier.id = "tier"
    tier.choices = ["gold", "silver"]
    table.segments = [tier]
    var store = ProfilesV1.Reference()
    store.id = "preferredStore"
    store.repository = stores
    table.references = [store]
    return table
  }

  // MARK: - DataTables

  var dataTablesRouter: Router {
    var router = Router()
    router.handle(InternalV1.TableDirectoryService.describeCustomTable) { request, _ in
      try self.answer { state in
        if state.areTablesDown { throw RPCError(.unavailable, "down") }
        guard let table = Self.table(request.name) else { throw RPCError(.notFound, "none") }
        var response = InternalV1.DescribeCustomTableResponse()
        response.customTable = table
        return response
      }
    }
    router.handle(InternalV1.TableDirectoryService.findRows) { request, _ in
      try self.answer { _ in
        var response = InternalV1.FindRowsResponse()
        for key in request.keys where key == "S01" {
          var row = TablesV1.Row()
          row.values = ["code": .text(key), "city": .text("Liège")]
          response.rows[key] = row
        }
        return response
      }
    }
    router.handle(InternalV1.TableDirectoryService.listLatestRows) { request, _ in
      try self.answer { state in
        if state.lacksOrders { throw RPCError(.notFound, "none") }
        state.limits.append(request.limit)
        var response = InternalV1.ListLatestRowsResponse()
        for profile in request.profiles {
          var rows = InternalV1.ProfileRows()
          rows.rows = (state.orders[profile] ?? []).prefix(Int(request.limit)).map { values in
            var row = TablesV1.Row()
            row.values = values
            return row
          }
          response.profiles[profile] = rows
        }
        return response
      }
    }
    return router
  }

  private static func table(_ name: String) -> TablesV1.CustomTable? {
    var table = TablesV1.CustomTable()
    table.name = name
    func column(_ id: String) -> TablesV1.Column {
      var column = TablesV1.Column()
      column.id = id
      return column
    }
    switch name {
    case stores:
      table.type = .repository
      table.columns = [column("code"), column("city")]
    case orders:
      table.type = .interactions
      table.profileTable = customers
      table.columns = [column("orderCode"), column("amount")]
    default: return nil
    }
    return table
  }
}

extension ProfilesV1.Attribute {
  fileprivate static func sample(
    _ id: String, _ type: TypeV1.FieldType, _ meaning: ProfilesV1.AttributeMeaning = .unspecified
  ) -> ProfilesV1.Attribute {
    var attribute = ProfilesV1.Attribute()
    attribute.id = id
    attribute.type = type
    attribute.meaning = meaning
    return attribute
  }
}

extension TypeV1.Value {
  init(kind: Kind) {
    self.init()
    self.kind = kind
  }

  static func text(_ text: String) -> TypeV1.Value { TypeV1.Value(kind: .stringValue(text)) }
  static func int(_ number: Int64) -> TypeV1.Value { TypeV1.Value(kind: .int64Value(number)) }
  static func flag(_ flag: Bool) -> TypeV1.Value { TypeV1.Value(kind: .boolValue(flag)) }
}
