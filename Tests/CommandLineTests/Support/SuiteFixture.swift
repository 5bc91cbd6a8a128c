import Foundation
import Logging
import Messages
import NIOCore
import RPC
import Synchronization

/// A gateway of one test, in this process: it exchanges keys, looks at tokens, and answers as the test says.
struct SuiteFixture {
  static let key = "rk_1_test"

  /// What the gateway has seen and decides.
  final class Gate: ServerInterceptor {
    private let state = Mutex(State())

    private struct State {
      var exchanges = 0
      var calls: [String] = []
      var accepted = 0
      var refusals = 0
    }

    var exchanges: Int { state.withLock { $0.exchanges } }

    /// Paths of the calls that came, in order.
    var calls: [String] { state.withLock { $0.calls } }

    /// Refuses the tokens of some calls, after others that pass.
    func refuseTokens(_ count: Int, after accepted: Int) {
      state.withLock { state in
        state.accepted = accepted
        state.refusals = count
      }
    }

    fileprivate func newToken() -> String {
      state.withLock { state in
        state.exchanges += 1
        return "token\(state.exchanges)"
      }
    }

    func intercept(_ call: Call, next: (Call) async throws -> Void) async throws {
      // Health and reflection state no rule: they are open.
      let isOpen = call.method?.rule == nil || call.method?.rule?.right == .public
      let isRefused = state.withLock { state in
        state.calls.append(call.path)
        guard !isOpen, state.refusals > 0 else { return false }
        guard state.accepted == 0 else {
          state.accepted -= 1
          return false
        }
        state.refusals -= 1
        return true
      }
      guard isOpen || (!isRefused && call.metadata.first("authorization")?.hasPrefix("Bearer token") == true) else {
        throw RPCError(.unauthenticated, "The token is not valid.", reason: "TOKEN_INVALID")
      }
      try await next(call)
    }
  }

  let gate: Gate
  let address: String
  private let server: RPCServer

  /// The command line with this gateway's address and key.
  var rapport: Executable {
    Executable(environment: ["RAPPORT_SERVER": address, "RAPPORT_KEY": Self.key])
  }

  /// Serves what `build` registers while `body` runs.
  static func run(_ build: (inout Router) -> Void, _ body: (SuiteFixture) async throws -> Void) async throws {
    let gate = Gate()
    var router = Router()
    router.handle(AccessV1.AccessService.exchangeKey) { request, _ in
      guard request.secret == key else {
        throw RPCError(.unauthenticated, "The key is not valid.", reason: "KEY_INVALID")
      }
      var answer = AccessV1.ExchangeKeyResponse()
      answer.accessToken = gate.newToken()
      return answer
    }
    build(&router)
    let server = RPCServer(
      router: router, interceptors: [gate], configuration: ServerConfiguration(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let port = try await server.start().port ?? 0
    let fixture = SuiteFixture(gate: gate, address: "127.0.0.1:\(port)", server: server)
    let result: Result<Void, any Error>
    do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
    await server.drain(grace: .zero)
    try result.get()
  }
}
