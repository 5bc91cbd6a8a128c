import DatabaseTesting
import HTTP
import NIOCore
import NIOPosix
import RPC
import ServiceKitTesting
import Synchronization
import Testing

@testable import ServiceKit

@Suite("Readiness")
struct ReadinessTests {
  /// Says what it is told to, and counts how often it is asked.
  private final class Check: ReadinessCheck {
    private let state = Mutex((objection: String?.none, asked: 0))

    var asked: Int { state.withLock { $0.asked } }

    func object(_ objection: String?) { state.withLock { $0.objection = objection } }

    func objection() async -> String? {
      state.withLock { state in
        state.asked += 1
        return state.objection
      }
    }
  }

  /// Never answers until it is cancelled.
  private struct Stuck: ReadinessCheck {
    let time: ManualTime

    func objection() async -> String? {
      try? await time.sleep(for: .seconds(3_600))
      return nil
    }
  }

  private let time = ManualTime()

  @Test("a process is ready after it has started and until it drains")
  func phases() async {
    let readiness = Readiness(time: time)
    #expect(await readiness.objection() == "The service is starting.")
    readiness.enter(.ready)
    #expect(await readiness.objection() == nil)
    readiness.enter(.draining)
    readiness.enter(.ready)
    #expect(await readiness.objection() == "The service is draining.")
  }

  @Test("whoever asks a process is told why it takes no calls, also where there is none")
  func question() async throws {
    let readiness = Readiness(time: time)
    let server = HTTPServer(
      routes: AdminPages(readiness: readiness, metrics: MetricsRegistry()).routes,
      configuration: HTTPServerConfiguration(host: "127.0.0.1", port: 0), group: .singleton, logger: .quiet)
    let admin = HostPort(host: "127.0.0.1", port: try #require(try await server.start().port))
    #expect(await ReadinessQuestion(admin: admin).objection() == "The service is starting.")
    readiness.enter(.ready)
    #expect(await ReadinessQuestion(admin: admin).objection() == nil)
    await server.drain(grace: .zero)
    #expect(await ReadinessQuestion(admin: admin).objection() == "Nothing answers at \(admin).")
  }

  @Test("a check is asked at most every two seconds")
  func freshness() async {
    let readiness = Readiness(time: time)
    let check = Check()
    readiness.require(check)
    readiness.enter(.ready)
    for _ in 0..<5 { #expect(await readiness.objection() == nil) }
    check.object("No.")
    #expect(await readiness.objection() == nil)
    #expect(check.asked == 1)
    time.advance(by: Readiness.freshness)
    #expect(await readiness.objection() == "No.")
    check.object(nil)
    time.advance(by: Readiness.freshness)
    #expect(await readiness.objection() == nil)
    #expect(check.asked == 3)
  }

  @Test("a check that does not answer counts as an objection")
  func stuck() async {
    let readiness = Readiness(time: time)
    readiness.require(Stuck(time: time))
    readiness.enter(.ready)
    async let objection = readiness.objection()
    await time.untilSleeping(2)
    time.advance(by: Readiness.freshness)
    #expect(await objection == "A check takes too long.")
  }
}
