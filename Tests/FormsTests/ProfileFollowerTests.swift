import Database
import DatabaseTesting
import Messages
import ServiceKit
import ServiceTesting
import Testing
import UserTables

@testable import Forms

@Suite("Participations of profiles that are gone")
struct ProfileFollowerTests {
  private let answers: Answers = [
    "reason": .text("other"), "rating": .int(4), "detail": .text("I am Alice of Ghent"), "origin": .text("mail"),
  ]

  private func apply(_ message: some Message, _ suite: TestSuite) async throws {
    var event = InternalV1.LogEvent()
    event.type = type(of: message).descriptor.name
    event.body = try message.encoded()
    event.entity = TestSuite.b2c.id
    event.profileTable = 7
    try await suite.test.database.transaction(as: .worker) { transaction in
      try await suite.rooms.follower.apply([event], in: transaction)
    }
  }

  private func deleted(_ profiles: [UInt32]) -> InternalV1.ProfileDeleted {
    var message = InternalV1.ProfileDeleted()
    message.profileTable = 7
    message.profiles = profiles
    return message
  }

  private func prepare(_ suite: TestSuite) async throws {
    try await suite.publish()
    for number in 1...2 {
      _ = try await suite.push(answers, profile: "\(TestSuite.customers)/profiles/\(number)", requestID: "r\(number)")
    }
  }

  @Test("become anonymous: what was written goes, what was chosen and rated stays, and nothing is written any more")
  func anonymity() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      try await apply(deleted([1, 999]), suite)
      let all = try await suite.participations()
      #expect(all.map(\.profile) == ["", "\(TestSuite.customers)/profiles/2"])
      #expect(all[0].answers == ["reason": .text("other"), "rating": .int(4)])
      #expect(all[1].answers == answers)
      #expect(try await suite.waitingEnrichments() == 1)
      // An event may come twice.
      try await apply(deleted([1, 999]), suite)
      #expect(try await suite.participations() == all)
    }
  }

  @Test("are not recorded any more by who looked the profile up before, and its link is dead")
  func tombstones() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      let path = try await suite.link(3)
      // Profiles answers as it did before.
      try await apply(deleted([3]), suite)
      let refusal = try await suite.refusal(FormsV1.FormService.createParticipation) { request in
        request.parent = TestSuite.form
        request.participation = FormsV1.Participation()
        request.participation?.profile = "\(TestSuite.customers)/profiles/3"
        request.participation?.answers = answers
      }
      #expect(refusal.fields == ["participation.profile"])
      #expect(try await suite.post(path, ["reason": "price", "rating": "4"]).status == 404)
      suite.profiles.remove(3)
      #expect(try await suite.get(path).status == 404)
      #expect(try await suite.participations().count == 2)
    }
  }

  @Test("are found by asking Profiles when the log was missed, and when the whole table is gone")
  func rebuild() async throws {
    try await TestSuite.with { suite async throws in
      try await prepare(suite)
      suite.profiles.remove(2)
      try await suite.rooms.follower.rebuild()
      #expect(try await suite.participations().map(\.profile.isEmpty) == [false, true])
      suite.profiles.removeTable(TestSuite.customers)
      try await suite.rooms.follower.rebuild()
      #expect(try await suite.participations().allSatisfy(\.profile.isEmpty))
      #expect(try await suite.waitingEnrichments() == 0)
    }
  }
}
