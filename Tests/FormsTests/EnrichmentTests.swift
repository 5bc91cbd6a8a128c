import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables

@testable import Forms

@Suite("Answers written into profiles")
struct EnrichmentTests {
  private let answers: Answers = ["reason": .text("price"), "rating": .int(4)]
  private let alice = "\(TestSuite.customers)/profiles/1"

  private func fields(_ suite: TestSuite) -> [[String: TypeV1.Value]] {
    suite.profiles.effects.map { $0.profile?.fields ?? [:] }
  }

  @Test("are those of the first participation, and on a change those of rules that say so")
  func everyTime() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      _ = try await suite.push(answers, profile: alice)
      try await suite.enricher.work()
      _ = try await suite.push(["reason": .text("other"), "rating": .int(2)], profile: alice)
      try await suite.enricher.work()
      #expect(fields(suite) == [["leavingReason": .text("price"), "score": .int(4)], ["score": .int(2)]])
      #expect(suite.profiles.effects.allSatisfy { $0.profile?.name == alice && $0.provenance?.way == "form" })
      #expect(try await suite.waitingEnrichments() == 0)
    }
  }

  @Test("come from no anonymous participation")
  func anonymous() async throws {
    try await TestSuite.with { suite async throws in
      let url = try await suite.publish().publicUrl
      _ = try await suite.push(answers)
      #expect(try await suite.post(TestSuite.path(url), ["reason": "price", "rating": "4"]).status == 303)
      #expect(try await suite.waitingEnrichments() == 0)
    }
  }

  @Test("are written once, whether the call is lost on its way there or back, and however often")
  func exactlyOnce() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      _ = try await suite.push(answers, profile: alice)
      suite.profiles.meet(.before(.unavailable), .after(.unavailable), .after(.deadlineExceeded), .before(.internal))
      for _ in 1...5 {
        try await suite.enricher.work()
        // Nothing is due before its pause is over.
        #expect(try await suite.enricher.work() == 0)
        suite.time.advance(by: .seconds(600))
      }
      #expect(suite.profiles.calls == 5)
      #expect(fields(suite) == [["leavingReason": .text("price"), "score": .int(4)]])
      #expect(try await suite.waitingEnrichments() == 0)
    }
  }

  @Test("are written by another copy when the one that began has died")
  func crash() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      _ = try await suite.push(answers, profile: alice)
      // Claimed by a copy that dies before the call, and again by one that dies after it.
      #expect(try await suite.enricher.store.claim(limit: 5, now: suite.time.now).count == 1)
      #expect(try await suite.enricher.work() == 0)
      suite.time.advance(by: .seconds(61))
      let claim = try #require(try await suite.enricher.store.claim(limit: 5, now: suite.time.now).first)
      try await suite.enricher.profiles.write(claim.request, entity: claim.scope)
      suite.time.advance(by: .seconds(61))
      #expect(try await suite.enricher.work() == 1)
      #expect(suite.profiles.calls == 2 && suite.profiles.effects.count == 1)
      #expect(try await suite.waitingEnrichments() == 0)
    }
  }

  @Test("are written in the order of the answers, and one that waits holds back later ones of its profile alone")
  func order() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish(.winBack(.several))
      suite.profiles.meet(.before(.unavailable))
      _ = try await suite.push(answers, profile: alice)
      try await suite.enricher.work()
      _ = try await suite.push(answers.merging(["rating": .int(1)]) { $1 }, profile: alice)
      _ = try await suite.push(answers, profile: "\(TestSuite.customers)/profiles/2")
      #expect(try await suite.enricher.work() == 1)
      suite.time.advance(by: .seconds(600))
      while try await suite.enricher.work() > 0 {}
      let scores = suite.profiles.effects.filter { $0.profile?.name == alice }.map { $0.profile?.fields["score"] }
      #expect(scores == [.int(4), .int(1)])
    }
  }

  @Test("that Profiles refuses do not hold back the others")
  func refused() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      _ = try await suite.push(answers, profile: alice)
      suite.profiles.meet(.refusing(["leavingReason"]))
      while try await suite.enricher.work() > 0 {}
      #expect(fields(suite) == [["score": .int(4)]])
      _ = try await suite.push(answers, profile: "\(TestSuite.customers)/profiles/2")
      suite.profiles.meet(.refusing(["leavingReason", "score"]))
      while try await suite.enricher.work() > 0 {}
      #expect(fields(suite).count == 1)
      #expect(try await suite.waitingEnrichments() == 0)
    }
  }

  @Test("set subscriptions, segments and references too")
  func kinds() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      form.pages[0].questions += [
        FormsV1.Question("letters", .consent(.init())), .choice("club", ["gold", "silver"]), .text("shop", longest: 5),
      ]
      form.enrichment = [
        .init("letters", "newsletter"), .init("club", "tier"), .init("shop", "preferredStore"),
      ]
      try await suite.publish(form)
      let more: Answers = ["letters": .bool(true), "club": .text("gold"), "shop": .text("S01")]
      _ = try await suite.push(answers.merging(more) { $1 }, profile: alice)
      try await suite.enricher.work()
      #expect(
        fields(suite) == [["newsletter": .bool(true), "tier": .text("gold"), "preferredStore": .text("S01")]])
    }
  }
}
