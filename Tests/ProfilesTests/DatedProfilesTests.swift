import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Profiles

@Suite("Profiles by a date")
struct DatedProfilesTests {
  /// Makes the table `dated` with these profiles, numbered from 1.
  private func with(_ profiles: [[String: TypeV1.Value]], _ body: (TestSuite) async throws -> Void) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.call(ProfilesV1.ProfileService.createProfileTable) { request in
        (request.parent, request.profileTableId) = ("entities/b2c", "dated")
        request.profileTable = .dated
      }
      for fields in profiles { try await suite.call(ProfilesV1.ProfileService.createProfile) { $0.fill(fields) } }
      try await body(suite)
    }
  }

  private func find(
    _ attribute: String, _ days: [(Int32, Int32, Int32)], after: UInt32 = 0, limit: Int32 = 100, in suite: TestSuite,
    as caller: Caller = .service(.automation, [TestSuite.b2c])
  ) async throws -> [InternalV1.DatedProfile] {
    try await suite.call(InternalV1.ProfileDirectoryService.findProfilesByDate, as: caller) {
      $0.fill(attribute, days, after: after, limit: limit)
    }.profiles
  }

  @Test("are found by day of the year and by day, with their zone, in the order of their numbers")
  func dates() async throws {
    let profiles: [[String: TypeV1.Value]] = [
      ["born": try .date("1996-02-29"), "zone": .text("America/New_York")], ["born": try .date("1990-02-28")], [:],
      ["born": try .date("2027-02-28")], ["born": try .date("1990-03-01")],
    ]
    try await with(profiles) { suite async throws in
      let february = try await find("born", [(0, 2, 28), (0, 2, 29)], in: suite)
      #expect(february.map(\.id) == [1, 2, 4] && february.map(\.timeZone) == ["America/New_York", "", ""])
      #expect(february.first?.value == profiles[0]["born"])
      #expect(try await find("born", [(2027, 2, 28), (1990, 3, 1)], in: suite).map(\.id) == [4, 5])
      #expect(try await find("born", [(0, 2, 29), (1990, 2, 28)], in: suite).map(\.id) == [1, 2])
      #expect(try await find("born", [], in: suite).isEmpty)
      let days: [(Int32, Int32, Int32)] = [(0, 2, 28), (0, 2, 29), (0, 3, 1)]
      #expect(try await find("born", days, limit: 2, in: suite).map(\.id) == [1, 2])
      #expect(try await find("born", days, after: 2, limit: 2, in: suite).map(\.id) == [4, 5])
    }
  }

  @Test("have a time's day in UTC, with the time itself")
  func times() async throws {
    let time = try TypeV1.Value.time("2026-12-31T23:59:59.999999Z")
    try await with([["ends": time], ["ends": try .time("2027-01-01T00:00:00Z")]]) { suite async throws in
      let found = try await find("ends", [(0, 12, 31)], in: suite)
      #expect(found.map(\.id) == [1] && found.first?.value == time)
      #expect(try await find("ends", [(2027, 1, 1)], in: suite).map(\.id) == [2])
    }
  }

  @Test("are not found by what is no single date, on days that there are not, or by who may not see them")
  func refusals() async throws {
    try await with([]) { suite async throws in
      func refusal(
        _ attribute: String, _ days: [(Int32, Int32, Int32)] = [], limit: Int32 = 10,
        as caller: Caller = .service(.automation, [TestSuite.b2c])
      ) async throws -> Refusal {
        try await suite.refusal(InternalV1.ProfileDirectoryService.findProfilesByDate, as: caller) {
          $0.fill(attribute, days, after: 0, limit: limit)
        }
      }
      for attribute in ["zone", "shoeSize", "newsletter", "holidays"] {
        #expect(try await refusal(attribute).fields == ["attribute"])
      }
      #expect(try await refusal("born", [(0, 1, 1), (2027, 2, 29)]).fields == ["days[1]"])
      #expect(try await refusal("born", Array(repeating: (0, 1, 1), count: 101)).fields == ["days"])
      #expect(try await refusal("born", limit: 0).fields == ["limit"])
      #expect(try await refusal("born", limit: 10_001).fields == ["limit"])
      #expect(try await refusal("born", as: .service(.automation, [TestSuite.b2b])).code == .notFound)
      #expect(try await refusal("born", as: .service(.forms, [TestSuite.b2c])).code == .permissionDenied)
    }
  }

  @Test("have a zone that is one, or none")
  func zones() async throws {
    try await with([["zone": .text("UTC")], ["zone": .text("America/Argentina/Buenos_Aires")]]) { suite async throws in
      for name in ["Mars/Olympus_Mons", "CET", "+02:00", "europe/brussels", ""] {
        let refusal = try await suite.refusal(ProfilesV1.ProfileService.createProfile) {
          $0.fill(["zone": .text(name)])
        }
        #expect(refusal.code == .invalidArgument && refusal.fields == ["profile.fields.zone"], "\(name)")
      }
      let none = TypeV1.Value(.nullValue(.init()))
      try await suite.call(ProfilesV1.ProfileService.createProfile) { $0.fill(["zone": none]) }
    }
  }
}

extension InternalV1.FindProfilesByDateRequest {
  fileprivate mutating func fill(
    _ attribute: String, _ days: [(Int32, Int32, Int32)], after: UInt32, limit: Int32
  ) {
    profileTable = "entities/b2c/profileTables/dated"
    self.attribute = attribute
    self.days = days.map { year, month, number in
      var day = InternalV1.CalendarDay()
      (day.year, day.month, day.day) = (year, month, number)
      return day
    }
    (self.after, self.limit) = (after, limit)
  }
}

extension ProfilesV1.CreateProfileRequest {
  fileprivate mutating func fill(_ fields: [String: TypeV1.Value]) {
    parent = "entities/b2c/profileTables/dated"
    profile = .init()
    profile?.fields = fields
  }
}

extension ProfilesV1.ProfileTable {
  /// With dates and a zone.
  fileprivate static var dated: ProfilesV1.ProfileTable {
    var table = ProfilesV1.ProfileTable()
    let types: [(String, TypeV1.FieldType)] = [
      ("born", .date), ("ends", .timestamp), ("zone", .string), ("holidays", .date),
    ]
    table.attributes = types.map { id, type in
      var attribute = ProfilesV1.Attribute()
      (attribute.id, attribute.type, attribute.multiValued) = (id, type, id == "holidays")
      if id == "zone" { attribute.meaning = .timeZone }
      return attribute
    }
    var subscription = ProfilesV1.Subscription()
    (subscription.id, subscription.channel) = ("newsletter", .email)
    table.subscriptions = [subscription]
    return table
  }
}
