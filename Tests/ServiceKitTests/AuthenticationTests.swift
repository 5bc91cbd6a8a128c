import Crypto
import Logging
import RPC
import ServiceKitTesting
import Testing
import Values

@testable import Messages
@testable import ServiceKit

@Suite("The interceptor that guards a service")
struct AuthenticationTests {
  private let time = ManualTime()
  private let gateway = Curve25519.Signing.PrivateKey()
  private let automation = Curve25519.Signing.PrivateKey()

  private func principal(_ rights: Set<OptionsV1.Right>, resources: [String] = []) -> Principal {
    Principal(
      kind: resources.isEmpty ? .user : .link, subject: "users/1", signer: .gateway, notBefore: time.now,
      expires: time.now.advanced(by: .seconds(60)), entities: [.init(id: 1, key: "b2c"), .init(id: 2, key: "b2b")],
      grants: [.init(entity: 1, module: .profiles, rights: rights)], resources: resources)
  }

  private var workload: Principal {
    Principal(
      kind: .service, subject: "automation", signer: .automation, notBefore: time.now,
      expires: time.now.advanced(by: .seconds(60)), audience: .profiles, entities: [.init(id: 1, key: "b2c")],
      grants: [.init(entity: nil, module: .all, rights: [.write, .read, .internal])])
  }

  private func metadata(_ principal: Principal?) throws -> Metadata {
    var metadata = Metadata()
    if let principal {
      let key = principal.kind == .service ? automation : gateway
      let signer = PrincipalSigner(service: principal.kind == .service ? .automation : .gateway, key: key)
      metadata.append(PrincipalMetadata.name, bytes: try signer.sign(principal))
    }
    return metadata
  }

  /// Calls a method as a principal; the outcome's code, nil when the handler was reached.
  private func outcome(
    _ right: OptionsV1.Right, module: OptionsV1.Module = .profiles, callers: [String] = [], as principal: Principal?,
    request: (some Message)? = Optional<GoogleProtobuf.FieldMask>.none, path: String? = nil
  ) async throws -> StatusCode? {
    try await failure(right, module: module, callers: callers, as: principal, request: request, path: path)?.code
  }

  /// Calls a method as a principal; why it fails, nil when the handler was reached and throws nothing.
  private func failure(
    _ right: OptionsV1.Right, module: OptionsV1.Module = .profiles, callers: [String] = [], as principal: Principal?,
    request: (some Message)? = Optional<GoogleProtobuf.FieldMask>.none, path: String? = nil,
    handler: () throws -> Void = {}
  ) async throws -> RPCError? {
    let rule = MethodRule(module: module, right: right, callers: callers)
    let method = MethodInfo(
      service: "test.v1.Things", name: "Get", kind: .unary, rule: right == .unspecified ? nil : rule, http: [],
      request: GoogleProtobuf.FieldMask.descriptor, response: GoogleProtobuf.FieldMask.descriptor)
    let call = Call(
      method: path == nil ? method : nil, path: path ?? method.path, metadata: try metadata(principal), peer: "test",
      serial: CallSerial(connection: 1, stream: 1))
    let authentication = Authentication(
      verifier: PrincipalVerifier(
        service: .profiles, keys: [.gateway: [gateway.publicKey], .automation: [automation.publicKey]], time: time),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    do {
      try await authentication.intercept(call) { call in
        if let request { try await authentication.willHandle(request: request, call: call) }
        try handler()
      }
      return nil
    } catch let error as RPCError {
      return error
    }
  }

  @Test("without a principal a call is refused, except for what is open to everyone")
  func missing() async throws {
    #expect(try await outcome(.read, as: nil) == .unauthenticated)
    #expect(try await outcome(.authenticated, as: nil) == .unauthenticated)
    #expect(try await outcome(.internal, callers: ["automation"], as: nil) == .unauthenticated)
    #expect(try await outcome(.public, as: nil) == nil)
    #expect(try await outcome(.unspecified, as: nil, path: "/grpc.health.v1.Health/Check") == nil)
    #expect(try await outcome(.unspecified, as: nil, path: "/grpc.health.v1.HealthX/Check") == .unauthenticated)
  }

  @Test("a public method needs its right in at least one entity")
  func rights() async throws {
    #expect(try await outcome(.read, as: principal([.read])) == nil)
    #expect(try await outcome(.write, as: principal([.read])) == .permissionDenied)
    #expect(try await outcome(.read, module: .forms, as: principal([.write])) == .permissionDenied)
    #expect(try await outcome(.authenticated, as: principal([])) == nil)
  }

  @Test("a method without a rule is closed to all")
  func noRule() async throws {
    #expect(try await outcome(.unspecified, as: principal([.administer])) == .permissionDenied)
  }

  @Test("an internal method is for the services that it names, and no user")
  func callers() async throws {
    #expect(try await outcome(.internal, callers: ["automation"], as: workload) == nil)
    #expect(try await outcome(.internal, callers: ["forms"], as: workload) == .permissionDenied)
    #expect(try await outcome(.internal, callers: ["gateway"], as: principal([.internal])) == .permissionDenied)
  }

  @Test("a service's own principal opens no public method, whatever it claims")
  func workloadIsNoUser() async throws {
    #expect(try await outcome(.read, as: workload) == .permissionDenied)
    #expect(try await outcome(.authenticated, as: workload) == .permissionDenied)
  }

  private func request(_ name: String) -> ProfilesV1.GetProfileTableRequest {
    var request = ProfilesV1.GetProfileTableRequest()
    request.name = name
    return request
  }

  @Test("every resource that a request names is checked")
  func resources() async throws {
    let reader = principal([.read])
    #expect(try await outcome(.read, as: reader, request: request("entities/b2c/profileTables/a")) == nil)
    #expect(try await outcome(.read, as: reader, request: request("entities/-/profileTables/a")) == nil)
    #expect(
      try await outcome(.read, as: reader, request: request("entities/b2b/profileTables/a")) == .permissionDenied)
    #expect(try await outcome(.read, as: reader, request: request("entities/nl/profileTables/a")) == .notFound)
    #expect(try await outcome(.read, as: reader, request: request("entities/b2c/profileTables")) == .invalidArgument)
    #expect(
      try await outcome(
        .internal, callers: ["automation"], as: workload, request: request("entities/b2c/profileTables/a")) == nil)
  }

  @Test("what a request refers to needs to be read, by the rights of its own module")
  func references() async throws {
    var draft = TargetingV1.CreateTargetingRequest()
    draft.parent = "entities/b2c"
    draft.targeting = .init()
    draft.targeting?.profileTable = "entities/b2c/profileTables/a"
    var writer = principal([.read])
    writer.grants.append(.init(entity: 1, module: .targeting, rights: [.write]))
    #expect(try await outcome(.write, module: .targeting, as: writer, request: draft) == nil)
    var rows = TargetingV1.RowsCriterion()
    rows.table = "entities/b2c/customTables/a"
    draft.targeting?.criterion = .init()
    draft.targeting?.criterion?.kind = .rows(rows)
    #expect(try await outcome(.write, module: .targeting, as: writer, request: draft) == .permissionDenied)
    // What it acts on is judged by the rule.
    draft.targeting = nil
    #expect(try await outcome(.write, module: .profiles, as: writer, request: draft) == .permissionDenied)
  }

  @Test("what is not found is told of with the field that names it, whoever found out")
  func missingNames() async throws {
    let seen = "entities/b2c/profileTables/a/profiles/1"
    func failure(
      _ name: String, missing: String? = nil, _ right: OptionsV1.Right = .read, as principal: Principal? = nil
    ) async throws -> RPCError? {
      try await self.failure(
        right, callers: ["automation"], as: principal ?? self.principal([.read]), request: request(name)
      ) {
        if let missing { throw RPCError.notFound(try ResourceName(missing)) }
      }
    }
    let foreign = try await failure("entities/nl/profileTables/a")
    #expect(foreign?.fieldViolations.map(\.field) == ["name"] && foreign?.message.contains("field name") == true)
    for missing in [seen, "entities/b2c/profileTables/a"] {
      let error = try await failure(seen, missing: missing)
      #expect(error?.fieldViolations.map(\.field) == ["name"] && error?.resource == missing)
    }
    // Of what the request does not name, no field is at fault; nor between services, whose fields are not the caller's.
    #expect(try await failure(seen, missing: "entities/b2c/senders/x")?.fieldViolations == [])
    #expect(try await failure(seen, missing: seen, .internal, as: workload)?.fieldViolations == [])
  }

  @Test("a link opens what it names and what is within it")
  func links() async throws {
    let link = principal([.read], resources: ["entities/b2c/profileTables/a"])
    #expect(try await outcome(.read, as: link, request: request("entities/b2c/profileTables/a")) == nil)
    #expect(try await outcome(.read, as: link, request: request("entities/b2c/profileTables/a/profiles/1")) == nil)
    #expect(try await outcome(.read, as: link, request: request("entities/b2c/profileTables/ab")) == .notFound)
    #expect(try await outcome(.read, as: link, request: request("entities/b2c")) == .notFound)
  }
}
