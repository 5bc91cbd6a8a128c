import Messages
import RPC
import ServiceKit
import Testing
import Values

@testable import Gateway

@Suite("What the names in a request ask for")
struct DemandTests {
  private let now = Timestamp.epoch

  private func method(
    _ info: MethodInfo = ProfilesV1.ProfileService.getProfile.info,
    _ need: PublicMethod.Need = .right(.read, .profiles)
  ) -> PublicMethod {
    PublicMethod(info: info, need: need, service: .profiles)
  }

  /// A caller that holds grants in a licence of two entities, 1 and 2.
  private func caller(_ grants: [AccessGrant]) -> Caller {
    let entities = ["b2c", "b2b"].enumerated().map { index, id in
      EntityRecord(
        number: Int64(index + 1), id: id, displayName: id, timeZone: "UTC", createTime: now, updateTime: now)
    }
    let key = KeyRecord(number: 7, displayName: "", secretHash: [], grants: grants, createTime: now)
    let view = AccessView(revision: 1, entities: entities, keys: [key])
    let token = AccessToken(key: 7, issued: now, expires: now.advanced(by: .seconds(900)))
    return Caller(key: key, token: token, view: view)
  }

  private func outcome(_ caller: Caller, _ demand: Demand) throws -> Refusal? {
    do throws(RPCError) {
      try caller.meet(demand)
      return nil
    } catch {
      return Refusal(error)
    }
  }

  @Test(
    "every grant against every rule: allowed with the right, denied where something else is held, not found elsewhere")
  func matrix() throws {
    let grants: [(OptionsV1.Module, OptionsV1.Right)?] =
      [nil] + (RightSet.modules + [.all]).flatMap { module in RightSet.rights.map { (module, $0) } }
    for granted in grants {
      let caller = caller(granted.map { [AccessGrant(.entity(1), $0.0, $0.1)] } ?? [])
      for module in RightSet.modules {
        for right in RightSet.rights {
          let method = method(ProfilesV1.ProfileService.getProfile.info, .right(right, module))
          for entity in ["b2c", "b2b", "none"] {
            let name = NamedResource(
              path: "name", value: "entities/\(entity)/things/1", type: "profiles.rapport/Profile")
            let demand = try #require(try method.demands(of: [name]).first)
            #expect(
              try outcome(caller, demand) == Self.expected(granted, module, right, in: entity),
              "\(String(describing: granted)) \(module) \(right) \(entity)")
          }
        }
      }
    }
  }

  /// What must happen, said in another way than the code under test says it.
  private static func expected(
    _ granted: (OptionsV1.Module, OptionsV1.Right)?, _ module: OptionsV1.Module, _ right: OptionsV1.Right,
    in entity: String
  ) -> Refusal? {
    guard let granted, entity == "b2c" else { return Refusal(.notFound, "RESOURCE_NOT_FOUND") }
    let moduleFits = granted.0 == module || (granted.0 == .all && module != .access)
    let rightFits = granted.1 == right || (granted.1 == .write && right == .read)
    return moduleFits && rightFits ? nil : Refusal(.permissionDenied, "RIGHT_MISSING")
  }

  @Test("a foreign entity and one that does not exist are answered alike, in every byte but the name that was sent")
  func nothingLeaks() throws {
    let caller = caller([AccessGrant(.entity(1), .profiles, .read)])
    func answer(_ entity: String) throws -> RPCError {
      let name = NamedResource(
        path: "name", value: "entities/\(entity)/profileTables/t", type: "profiles.rapport/ProfileTable")
      let demand = try #require(try method().demands(of: [name]).first)
      do throws(RPCError) { try caller.meet(demand) } catch { return error }
      throw RPCError(.ok, "It was let in.")
    }
    let (foreign, missing) = (try answer("b2b"), try answer("nil"))
    #expect(foreign.message.replacing("b2b", with: "nil") == missing.message)
    #expect(foreign.code == missing.code && foreign.reason == missing.reason)
    #expect(foreign.details.map(\.typeURL) == missing.details.map(\.typeURL))
  }

  @Test("the answer is that of a service for a name that leads nowhere")
  func sameAsServices() throws {
    let text = "entities/b2b/profileTables/t/profiles/emailAddress=alice@example.test"
    let demand = try #require(
      try method().demands(of: [NamedResource(path: "name", value: text, type: "profiles.rapport/Profile")]).first)
    let answer = try #require(throws: RPCError.self) { try caller([]).meet(demand) }
    let service = RPCError.notFound(try ResourceName(text), field: "name")
    #expect(answer.code == service.code && answer.message == service.message && answer.details == service.details)
  }

  @Test("references need to be read, by the rights of their own module; the target needs the rule's right")
  func references() throws {
    let create = method(TargetingV1.TargetingService.createTargeting.info, .right(.write, .targeting))
    let demands = try create.demands(of: [
      NamedResource(path: "parent", value: "entities/b2c", type: "targeting.rapport/Targeting"),
      NamedResource(
        path: "targeting.profile_table", value: "entities/b2b/profileTables/t", type: "profiles.rapport/ProfileTable"),
      NamedResource(
        path: "targeting.criterion.all.criteria[1].targeting", value: "entities/b2b/targetings/x",
        type: "targeting.rapport/Targeting"),
      NamedResource(
        path: "targeting.criterion.rows.table", value: "entities/b2c/customTables/o", type: "tables.rapport/CustomTable"
      ),
    ])
    #expect(
      demands.map(\.need) == [
        .right(.write, .targeting), .right(.read, .profiles), .right(.read, .targeting), .right(.read, .tables),
      ])
    #expect(demands.map(\.place) == [.entity("b2c"), .entity("b2b"), .entity("b2b"), .entity("b2c")])
  }

  @Test("where no target can be told, everything that is named is one")
  func noTarget() throws {
    let create = method(TargetingV1.TargetingService.createTargeting.info, .right(.write, .targeting))
    let demands = try create.demands(of: [
      NamedResource(
        path: "targeting.profile_table", value: "entities/b2b/profileTables/t", type: "profiles.rapport/ProfileTable")
    ])
    #expect(demands.map(\.need) == [.right(.write, .targeting)])
  }

  @Test("the first message of a stream names its target one step down")
  func streams() throws {
    let imports = method(ProfilesV1.ProfileService.importProfiles.info, .right(.write, .profiles))
    for path in ["start.parent", "start.resume"] {
      let demands = try imports.demands(of: [
        NamedResource(
          path: path, value: "entities/b2c/profileTables/t/imports/1", type: "profiles.rapport/ProfileImport")
      ])
      #expect(demands.map(\.need) == [.right(.write, .profiles)])
    }
  }

  @Test("every entity is meant only by the parent of a list")
  func wildcard() throws {
    let list = method(ProfilesV1.ProfileService.listProfileTables.info)
    func place(_ method: PublicMethod, _ path: String, _ name: String) throws -> Demand.Place? {
      try method.demands(of: [NamedResource(path: path, value: name, type: "profiles.rapport/ProfileTable")]).first?
        .place
    }
    #expect(try place(list, "parent", "entities/-") == .anyEntity)
    for (method, path, name) in [
      (list, "name", "entities/-"), (list, "filter.parent", "entities/-"),
      (list, "parent", "entities/-/profileTables/t"),
      (method(), "parent", "entities/-"), (method(), "name", "entities/-/profileTables/t/profiles/1"),
    ] {
      let error = try #require(throws: RPCError.self) { try place(method, path, name) }
      #expect(Refusal(error) == Refusal(.invalidArgument, "WILDCARD_MISPLACED"))
      #expect(error.fieldViolations.map(\.field) == [path])
    }
  }

  @Test("a list of every entity needs the right in any of them")
  func wildcardRights() throws {
    let list = method(ProfilesV1.ProfileService.listProfileTables.info)
    let demand = try #require(
      try list.demands(of: [NamedResource(path: "parent", value: "entities/-", type: "profiles.rapport/ProfileTable")])
        .first)
    #expect(try outcome(caller([AccessGrant(.entity(2), .profiles, .read)]), demand) == nil)
    #expect(try outcome(caller([AccessGrant(.everywhere, .all, .read)]), demand) == nil)
    #expect(
      try outcome(caller([AccessGrant(.entity(2), .forms, .write)]), demand)
        == Refusal(.permissionDenied, "RIGHT_MISSING"))
  }

  @Test(
    "a name that could be read in two ways is refused",
    arguments: [
      "entities", "entities/", "entities//profileTables/t", "Entities/b2c", "/entities/b2c", "entities/B2C",
      "entities/b2c%2Fx", "entities/%62%32c", "entities/b2c /x", "entities/ b2c", "entities/-b", "entities/2bc",
      "entities/é", "entities/b2c\u{0}", "keys/7", "profileTables/t", "//profiles.rapport/entities/b2c",
      "entities/key=b2c", "entities/.", "entities/..", "entities/abcdefghijabcdefghijabcdefghijabcdefghijk",
    ])
  func badNames(name: String) throws {
    let error = try #require(throws: RPCError.self) {
      try method().demands(of: [NamedResource(path: "name", value: name, type: "profiles.rapport/Profile")])
    }
    #expect(Refusal(error) == Refusal(.invalidArgument, "INVALID_RESOURCE_NAME"))
    #expect(error.fieldViolations.map(\.field) == ["name"])
  }
}
