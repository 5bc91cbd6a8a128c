import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Forms

@Suite("Participations")
struct ParticipationTests {
  private typealias Service = FormsV1.FormService
  private let answers: Answers = ["reason": .text("price"), "rating": .int(4)]
  private let alice = "\(TestSuite.customers)/profiles/1"

  @Test("that are pushed are checked, kept, told to the log, and read back newest first")
  func push() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      suite.profiles.set("emailAddress", .text("c2@example.test"), of: 2)
      let first = try await suite.push(answers)
      #expect(first.profile.isEmpty && first.source == .api && first.answers == answers)
      let second = try await suite.push(
        answers.merging(["origin": .text("call centre")]) { $1 },
        profile: "\(TestSuite.customers)/profiles/emailAddress=C2@example.test")
      #expect(second.profile == "\(TestSuite.customers)/profiles/2")
      #expect(second.answers["origin"] == .text("call centre"))
      #expect(try await suite.participations() == [first, second])
      let ofProfile = try await suite.call(Service.listParticipations) { request in
        request.parent = TestSuite.form
        request.profile = second.profile
      }
      #expect(ofProfile.participations == [second])
      #expect(try await suite.events().map(\.profile) == [0, 2])
      #expect(try await suite.events().allSatisfy(\.created))
    }
  }

  @Test("are refused with every question at fault, and record nothing")
  func problems() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      func fields(_ answers: Answers, profile: String = "") async throws -> [String] {
        try await suite.refusal(Service.createParticipation) { request in
          request.parent = TestSuite.form
          request.participation = FormsV1.Participation()
          request.participation?.answers = answers
          request.participation?.profile = profile
        }.fields
      }
      let path = "participation.answers"
      #expect(try await fields([:]) == ["\(path).rating", "\(path).reason"])
      #expect(
        try await fields(["reason": .text("dearth"), "rating": .int(6)]) == ["\(path).rating", "\(path).reason"])
      #expect(try await fields(["reason": .int(1), "rating": .int(1)]) == ["\(path).reason"])
      #expect(try await fields(answers.merging(["x": .int(1)]) { $1 }) == ["\(path).x"])
      let long = String(repeating: "x", count: 201)
      #expect(
        try await fields(["reason": .text("other"), "rating": .int(1), "detail": .text(long)]) == ["\(path).detail"])
      #expect(
        try await fields(["reason": .text("other"), "rating": .int(1), "detail": .text("a\0")]) == ["\(path).detail"])
      #expect(try await fields(answers, profile: "\(TestSuite.customers)/profiles/99") == ["participation.profile"])
      #expect(
        try await fields(answers, profile: "entities/b2c/profileTables/others/profiles/1") == ["participation.profile"])
      #expect(try await suite.participations().isEmpty)
    }
  }

  @Test("lose the answer of a question that is not shown, and what depends on it sees none")
  func dropping() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      form.pages[0].questions.append(.text("more").shown(if: .init("detail", .answered(true))))
      try await suite.publish(form)
      let sent = answers.merging(["detail": .text("too far"), "more": .text("very")]) { $1 }
      #expect(try await suite.push(sent).answers == answers)
      let shown = sent.merging(["reason": .text("other")]) { $1 }
      #expect(try await suite.push(shown).answers == shown)
    }
  }

  @Test("of the same request id are one, and the same id with other answers is refused")
  func requestID() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      let first = try await suite.push(answers, requestID: "r1")
      #expect(try await suite.push(answers, requestID: "r1") == first)
      let refusal = try await suite.refusal(Service.createParticipation) { request in
        request.parent = TestSuite.form
        request.participation = FormsV1.Participation()
        request.requestId = "r1"
        request.participation?.answers = answers.merging(["rating": .int(1)]) { $1 }
      }
      #expect(refusal.reason == "REQUEST_ID_USED")
      #expect(try await suite.participations().count == 1)
    }
  }

  @Test(
    "follow the policy: several times, once and editable, once and final",
    arguments: [FormsV1.ParticipationPolicy.several, .onceEditable, .onceFinal])
  func policies(policy: FormsV1.ParticipationPolicy) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish(.winBack(policy))
      let first = try await suite.push(answers, profile: alice)
      let refusal = try await suite.refusal(Service.createParticipation) { request in
        request.parent = TestSuite.form
        request.participation = FormsV1.Participation()
        request.participation?.profile = alice
        request.participation?.answers = answers.merging(["rating": .int(1)]) { $1 }
      }
      let all = try await suite.participations()
      switch policy {
      case .several: #expect(refusal.code == .ok && all.count == 2)
      case .onceEditable:
        #expect(all.map(\.name) == [first.name] && all[0].edits == 1 && all[0].answers["rating"] == .int(1))
        #expect(try await suite.events().map(\.created) == [true, false])
      default: #expect(refusal.reason == "ALREADY_ANSWERED" && all == [first])
      }
      // Anonymous ones are always several times.
      _ = try await suite.push(answers)
      _ = try await suite.push(answers)
      #expect(try await suite.participations().count == all.count + 2)
    }
  }

  @Test("of one profile that come at once are one", arguments: [FormsV1.ParticipationPolicy.onceEditable, .onceFinal])
  func atOnce(policy: FormsV1.ParticipationPolicy) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish(.winBack(policy))
      let path = try await suite.link(1)
      try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 1...6 {
          group.addTask { try await suite.post(path, ["reason": "price", "rating": "4"]).status }
        }
        for try await status in group { #expect(status == 303 || status == 409) }
      }
      let all = try await suite.participations()
      #expect(all.count == 1 && all.first?.edits == 0)
      #expect(try await suite.events().count == 1)
      #expect(try await suite.waitingEnrichments() == 1)
    }
  }

  @Test("are no more than the form may have, however many come at once")
  func most() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack(.several)
      form.maxParticipations = 3
      let url = try await suite.publish(form).publicUrl
      try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 1...6 {
          group.addTask { try await suite.post(TestSuite.path(url), ["reason": "price", "rating": "4"]).status }
        }
        var statuses: [Int32] = []
        for try await status in group { statuses.append(status) }
        #expect(statuses.sorted() == [303, 303, 303, 410, 410, 410])
      }
      #expect(try await suite.participations().count == 3)
    }
  }

  @Test("are counted as they come, and anew when the definition is written")
  func counter() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack(.several)
      form.maxParticipations = 3
      let path = TestSuite.path(try await suite.publish(form).publicUrl)
      func answer() async throws -> Int32 { try await suite.post(path, ["reason": "price", "rating": "4"]).status }
      #expect(try await answer() == 303)
      // Nobody looks at the participations themselves any more.
      func set(_ number: Int) async throws {
        let statement = Statement(name: "test.set", sql: "UPDATE forms SET participations = \(number)")
        try await suite.test.database.write(statement, [], as: .worker)
      }
      try await set(3)
      #expect(try await answer() == 410)
      try await set(1)
      #expect(try await answer() == 303)
      #expect(try await answer() == 303)
      #expect(try await answer() == 410)
      _ = try await suite.call(Service.updateForm) { request in
        request.form = form
        request.form?.name = TestSuite.form
        request.form?.maxParticipations = 4
      }
      #expect(try await answer() == 303)
      #expect(try await answer() == 410)
      #expect(try await suite.participations().count == 4)
    }
  }

  @Test("are taken only while the form is open")
  func opening() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      form.openTime = suite.time.now.advanced(by: .seconds(60)).message
      form.closeTime = suite.time.now.advanced(by: .seconds(120)).message
      try await suite.create(form)
      func outcome() async throws -> String? {
        try await suite.refusal(Service.createParticipation) { request in
          request.parent = TestSuite.form
          request.participation = FormsV1.Participation()
          request.participation?.answers = answers
        }.reason
      }
      #expect(try await outcome() == "FORM_NOT_OPEN")
      _ = try await suite.call(Service.publishForm) { $0.name = TestSuite.form }
      let path = try await suite.link(1)
      #expect(try await outcome() == "FORM_NOT_OPEN")
      #expect(try await suite.get(path).status == 403)
      suite.time.advance(by: .seconds(60))
      #expect(try await outcome() == nil)
      #expect(try await suite.get(path).status == 200)
      suite.time.advance(by: .seconds(60))
      #expect(try await outcome() == "FORM_NOT_OPEN")
      #expect(try await suite.get(path).status == 410)
      #expect(try await suite.post(path, ["reason": "price", "rating": "4"]).status == 410)
    }
  }

  @Test("are on the timeline of their profile, page by page, bounded by what there was at its first page")
  func timeline() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish(.winBack(.several))
      for rating: Int64 in 1...3 {
        _ = try await suite.push(answers.merging(["rating": .int(rating)]) { $1 }, profile: alice)
        suite.time.advance(by: .seconds(1))
      }
      _ = try await suite.push(answers, profile: "\(TestSuite.customers)/profiles/2")
      let tables = TestSuite.Caller.service(.dataTables, [TestSuite.b2c])
      func list(
        _ fill: (inout InternalV1.ListProfileInteractionsRequest) -> Void
      ) async throws -> InternalV1.ListProfileInteractionsResponse {
        try await suite.call(InternalV1.InteractionSourceService.listProfileInteractions, as: tables) { request in
          request.profileTable = TestSuite.customers
          request.profileTableNumber = 7
          request.profile = 1
          request.limit = 2
          fill(&request)
        }
      }
      let first = try await list { _ in }
      #expect(first.interactions.map { $0.interaction?.values["rating"] } == [.int(3), .int(2)])
      #expect(first.interactions.allSatisfy { $0.interaction?.kind == .participation })
      #expect(first.interactions[0].interaction?.resource == TestSuite.form)
      _ = try await suite.push(answers.merging(["rating": .int(5)]) { $1 }, profile: alice)
      let last = try #require(first.interactions.last)
      let second = try await list { request in
        request.bound = first.bound
        request.after = InternalV1.InteractionPosition()
        request.after?.time = Timestamps.microseconds(last.interaction?.time)
        request.after?.source = last.source
        request.after?.number = last.number
      }
      #expect(second.interactions.map { $0.interaction?.values["rating"] } == [.int(1)])
      _ = try await suite.push(answers, profile: "\(TestSuite.customers)/profiles/2")
      let newest = try await list { $0.limit = 1 }
      #expect(newest.bound == newest.interactions.first?.number.bigEndianBytes)
      let others = try await list { $0.kinds = [.open] }
      #expect(others.interactions.isEmpty && !others.bound.isEmpty)
    }
  }
}

/// Times as positions carry them.
enum Timestamps {
  static func microseconds(_ time: GoogleProtobuf.Timestamp?) -> Int64 {
    (time?.seconds ?? 0) * 1_000_000 + Int64(time?.nanos ?? 0) / 1_000
  }
}
