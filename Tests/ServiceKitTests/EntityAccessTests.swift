import Messages
import RPC
import ServiceKitTesting
import Testing

@testable import ServiceKit

@Suite("What a principal sees and may do")
struct EntityAccessTests {
  private static let time = ManualTime()

  private func access(
    _ grants: [Principal.Grant], kind: Principal.Kind = .user,
    entities: [Principal.Entity] = [.init(id: 1, key: "b2c"), .init(id: 2, key: "b2b")]
  ) -> EntityAccess {
    EntityAccess(
      Principal(
        kind: kind, subject: "users/1", signer: .gateway, notBefore: Self.time.now, expires: Self.time.now,
        entities: entities, grants: grants))
  }

  @Test("a grant holds in its entity and module, and write includes read")
  func grants() {
    let access = access([.init(entity: 1, module: .profiles, rights: [.write])])
    #expect(access.allows(.read, of: .profiles, in: 1))
    #expect(access.allows(.write, of: .profiles, in: 1))
    #expect(!access.allows(.erase, of: .profiles, in: 1))
    #expect(!access.allows(.read, of: .forms, in: 1))
    #expect(!access.allows(.read, of: .profiles, in: 2))
    #expect(access.allowsSomewhere(.read, of: .profiles))
    #expect(!access.allowsSomewhere(.read, of: .forms))
    #expect(access.entities(with: .read, of: .profiles) == .only([1]))
  }

  @Test("single rights stand for themselves alone")
  func singleRights() {
    let access = access([.init(entity: 1, module: .messaging, rights: [.launch])])
    #expect(access.allows(.launch, of: .messaging, in: 1))
    #expect(!access.allows(.read, of: .messaging, in: 1))
  }

  @Test("every module leaves out access")
  func allModules() {
    let access = access([.init(entity: nil, module: .all, rights: [.administer, .write])])
    #expect(access.allows(.administer, of: .hooks, in: 2))
    #expect(!access.allows(.administer, of: .access, in: 2))
  }

  @Test("a caller with a grant for all sees the entities that the gateway lists, a service sees every one")
  func all() {
    let grant = Principal.Grant(entity: nil, module: .all, rights: [.write])
    #expect(access([grant]).entities == .only([1, 2]))
    #expect(!access([grant]).sees(3))
    #expect(access([grant], kind: .service, entities: []).entities == .all)
    #expect(access([grant], kind: .service, entities: []).sees(3))
  }

  @Test("an unseen entity is not found like a missing one; a seen one without the right is denied")
  func require() throws {
    let access = access([.init(entity: 1, module: .profiles, rights: [.read])])
    let seen = try ResourceName("entities/b2c/profileTables/customers")
    #expect(try access.require(.read, of: .profiles, for: seen) == 1)
    let denied = #expect(throws: RPCError.self) { try access.require(.write, of: .profiles, for: seen) }
    #expect(denied?.code == .permissionDenied)
    for key in ["nl", "missing"] {
      let name = try ResourceName("entities/\(key)/profileTables/customers")
      let error = #expect(throws: RPCError.self) { try access.require(.read, of: .profiles, for: name) }
      #expect(error?.code == .notFound)
      #expect(error?.reason == "RESOURCE_NOT_FOUND")
      #expect(error?.message.replacing(key, with: "") == RPCError.notFound(name).message.replacing(key, with: ""))
    }
  }

  @Test("the sentences say what to do, and hold no value of a unique key")
  func sentences() throws {
    let name = try ResourceName("entities/b2c/profiles/emailAddress=alice@example.test")
    #expect(!RPCError.notFound(name).message.contains("alice"))
    #expect(RPCError.permissionDenied(.write, of: .profiles, in: "b2c").message.contains("right write for profiles"))
  }
}
