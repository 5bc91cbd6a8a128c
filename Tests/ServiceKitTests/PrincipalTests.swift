import Crypto
import Messages
import RPC
import ServiceKitTesting
import Testing
import Values

@testable import ServiceKit

@Suite("Principals: who may vouch for whom")
struct PrincipalTests {
  private let time = ManualTime()
  private let keys = Dictionary(
    uniqueKeysWithValues: ServiceName.allCases.map { ($0, Curve25519.Signing.PrivateKey()) })

  private func verifier(for service: ServiceName = .profiles, capacity: Int = 100) -> PrincipalVerifier {
    PrincipalVerifier(
      service: service, keys: keys.mapValues { [$0.publicKey] }, time: time, capacity: capacity)
  }

  private func signer(_ service: ServiceName) throws -> PrincipalSigner {
    PrincipalSigner(service: service, key: try #require(keys[service]))
  }

  private func principal(
    _ kind: Principal.Kind = .user, subject: String = "users/1", audience: ServiceName? = nil,
    life: Duration = .seconds(900)
  ) -> Principal {
    Principal(
      kind: kind, subject: subject, signer: .gateway, notBefore: time.now, expires: time.now.advanced(by: life),
      audience: audience, entities: [.init(id: 7, key: "b2c")],
      grants: [.init(entity: 7, module: .profiles, rights: [.read, .export])], resources: ["forms/1"],
      onBehalfOf: "scenarios/1")
  }

  @Test("what the gateway signs arrives as it was")
  func roundTrip() throws {
    for kind in [Principal.Kind.user, .apiKey, .link] {
      var sent = principal(kind)
      let read = try verifier().verify(signer(.gateway).sign(sent)).principal
      sent.notBefore = read.notBefore  // whole seconds travel
      sent.expires = read.expires
      #expect(read == sent)
    }
  }

  @Test("any changed byte is refused, or changes nothing")
  func tampering() throws {
    let bytes = try signer(.gateway).sign(principal())
    let good = try verifier().verify(bytes).principal
    for index in bytes.indices {
      for bit in [1, 0x80] as [UInt8] {
        var changed = bytes
        changed[index] ^= bit
        let read = try? verifier().verify(changed).principal
        #expect(read == nil || read == good)
      }
    }
  }

  @Test("only the gateway vouches for users, keys and links", arguments: ServiceName.allCases)
  func onlyTheGateway(service: ServiceName) throws {
    for kind in [Principal.Kind.user, .apiKey, .link] {
      let bytes = try signer(service).sign(principal(kind))
      if service == .gateway {
        #expect(throws: Never.self) { try verifier().verify(bytes) }
      } else {
        #expect(throws: PrincipalVerifier.Refusal.notTheSignersToClaim) { try verifier().verify(bytes) }
      }
    }
  }

  @Test("a service speaks for itself alone: Forms' key that names Automation is refused")
  func workload() throws {
    let own = try signer(.forms).sign(principal(.service, subject: "forms", audience: .profiles))
    #expect(try verifier().verify(own).principal.subject == "forms")
    let other = try signer(.forms).sign(principal(.service, subject: "automation", audience: .profiles))
    #expect(throws: PrincipalVerifier.Refusal.notTheSignersToClaim) { try verifier().verify(other) }
  }

  @Test("a signer that calls itself by another's name is refused")
  func otherName() throws {
    let lying = PrincipalSigner(service: .gateway, key: try #require(keys[.forms]))
    #expect(throws: PrincipalVerifier.Refusal.badSignature) { try verifier().verify(lying.sign(principal())) }
  }

  @Test("a workload principal is for the one service that it names")
  func audience() throws {
    let bytes = try signer(.forms).sign(principal(.service, subject: "forms", audience: .messaging))
    #expect(throws: PrincipalVerifier.Refusal.otherAudience) { try verifier(for: .profiles).verify(bytes) }
    #expect(throws: Never.self) { try verifier(for: .messaging).verify(bytes) }
    let toAnyone = try signer(.forms).sign(principal(.service, subject: "forms"))
    #expect(throws: PrincipalVerifier.Refusal.otherAudience) { try verifier().verify(toAnyone) }
  }

  @Test("a principal ends at its second, also when it was verified before")
  func expiry() throws {
    let verifier = verifier()
    let bytes = try signer(.gateway).sign(principal(life: .seconds(900)))
    _ = try verifier.verify(bytes)
    time.advance(by: .seconds(899))
    #expect(throws: Never.self) { try verifier.verify(bytes) }
    time.advance(by: .seconds(1))
    #expect(throws: PrincipalVerifier.Refusal.notInForce) { try verifier.verify(bytes) }
    #expect(throws: PrincipalVerifier.Refusal.notInForce) { try self.verifier().verify(bytes) }
  }

  @Test("a principal of the future is refused, but for a small difference of clocks")
  func notYet() throws {
    var early = principal()
    early.notBefore = time.now.advanced(by: .seconds(5))
    #expect(throws: Never.self) { try verifier().verify(signer(.gateway).sign(early)) }
    early.notBefore = time.now.advanced(by: .seconds(7))
    #expect(throws: PrincipalVerifier.Refusal.notInForce) { try verifier().verify(signer(.gateway).sign(early)) }
  }

  @Test("a principal that would hold for more than an hour is refused")
  func life() throws {
    let bytes = try signer(.gateway).sign(principal(life: .seconds(3_601)))
    #expect(throws: PrincipalVerifier.Refusal.holdsTooLong) { try verifier().verify(bytes) }
  }

  @Test("a signature of something else does not fit")
  func domain() throws {
    var message = InternalV1.SignedPrincipal()
    message.principal = try principal().encoded()
    message.signature = Array(try #require(keys[.gateway]).signature(for: message.principal))
    let bytes = try message.encoded()
    #expect(throws: PrincipalVerifier.Refusal.badSignature) { try verifier().verify(bytes) }
  }

  @Test("while a key is replaced, both are believed")
  func replacement() throws {
    let new = Curve25519.Signing.PrivateKey()
    let old = try #require(keys[.gateway])
    let verifier = PrincipalVerifier(
      service: .profiles, keys: [.gateway: [old.publicKey, new.publicKey]], time: time)
    for key in [old, new] {
      let bytes = try PrincipalSigner(service: .gateway, key: key).sign(principal())
      #expect(throws: Never.self) { try verifier.verify(bytes) }
    }
  }

  @Test("nonsense is refused as such", arguments: [[], [0], [0xff, 0xff], [UInt8](repeating: 10, count: 100)])
  func nonsense(bytes: [UInt8]) {
    #expect(throws: PrincipalVerifier.Refusal.malformed) { try verifier().verify(bytes) }
  }

  @Test("a workload's signature is made once for the same claim, and again before it ends")
  func workloadIdentity() throws {
    let identity = WorkloadIdentity(signer: try signer(.automation), time: time)
    let scope = WorkloadScope.entities([.init(id: 7, key: "b2c")])
    let first = try identity.metadata(for: .profiles, scope: scope).firstBytes(PrincipalMetadata.name)
    #expect(try identity.metadata(for: .profiles, scope: scope).firstBytes(PrincipalMetadata.name) == first)
    time.advance(by: WorkloadIdentity.life / 2)
    let second = try #require(
      try identity.metadata(for: .profiles, scope: scope).firstBytes(PrincipalMetadata.name))
    #expect(second != first)
    let read = try verifier().verify(second)
    #expect(read.principal.kind == .service)
    #expect(read.access.sees(7) && !read.access.sees(8))
  }
}

@Suite("The cache of what was asked for lately")
struct RecentCacheTests {
  @Test("it never holds more than its capacity, and keeps what is asked for")
  func bounded() {
    var cache = RecentCache<Int, Int>(capacity: 10)
    for number in 1...1_000 {
      cache[number] = number
      _ = cache[1]
      #expect(cache.count <= 10)
    }
    #expect(cache[1] == 1)
    #expect(cache[2] == nil)
    #expect(cache[1_000] == 1_000)
  }
}
