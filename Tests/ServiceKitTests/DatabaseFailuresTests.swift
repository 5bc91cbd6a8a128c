import DatabaseTesting
import Logging
import Messages
import NIOCore
import RPC
import Testing

@testable import Database
@testable import ServiceKit

@Suite("What callers hear of a database that fails")
struct DatabaseFailuresTests {
  private func refusal(of error: DatabaseError) async throws -> RPCError? {
    var router = Router()
    router.handle(GRPCHealthV1.Health.check) { (_, _) throws -> GRPCHealthV1.HealthCheckResponse in throw error }
    let server = RPCServer(
      router: router, interceptors: [DatabaseFailures()], configuration: ServerConfiguration(), logger: .quiet)
    let port = try await server.start().port ?? 0
    let client = RPCClient(addresses: [HostPort(host: "127.0.0.1", port: port)], logger: .quiet)
    let refusal = await #expect(throws: RPCError.self) {
      try await client.call(GRPCHealthV1.Health.check, GRPCHealthV1.HealthCheckRequest())
    }
    await client.close()
    await server.drain(grace: .seconds(5))
    return refusal
  }

  @Test(
    "what passes is worth another try; what may have happened is not called safe; a fault stays one",
    arguments: [
      (DatabaseError.Kind.unavailable, true, StatusCode.unavailable, "DATABASE_UNAVAILABLE" as String?),
      (.lockTimeout, true, .unavailable, "DATABASE_UNAVAILABLE"),
      (.connectionLost, true, .unavailable, "DATABASE_UNAVAILABLE"),
      (.connectionLost, false, .unknown, "OUTCOME_UNKNOWN"),
      (.deadlock, true, .aborted, "CONCURRENT_CHANGE"),
      (.undefinedObject, false, .unknown, nil),
    ])
  func codes(kind: DatabaseError.Kind, isSafe: Bool, code: StatusCode, reason: String?) async throws {
    let refusal = try await refusal(of: DatabaseError(kind, "secret", isSafeToRetry: isSafe))
    #expect(refusal?.code == code)
    #expect(refusal?.reason == reason)
    #expect(refusal?.message.contains("secret") == false)
  }

  @Test("a full disk is called so")
  func fullDisk() async throws {
    let error = DatabaseError(.insufficientResources, "secret", sqlState: "53100", isSafeToRetry: true)
    let refusal = try await refusal(of: error)
    #expect(refusal?.code == .unavailable)
    #expect(refusal?.reason == "DATABASE_FULL")
  }
}
