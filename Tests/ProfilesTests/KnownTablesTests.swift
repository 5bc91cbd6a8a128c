import Messages
import RPC
import ServiceTesting
import Testing

@testable import Profiles

@Suite("A profile table that was read before")
struct KnownTablesTests {
  private typealias Service = ProfilesV1.ProfileService
  private static let profile = "\(TestSuite.customers)/profiles/1"

  private func get(_ suite: TestSuite) async throws -> ProfilesV1.Profile {
    try await suite.call(Service.getProfile) { $0.name = Self.profile }
  }

  @Test("is read anew once it has another field")
  func changed() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.customers([["code": .text("a")]], hasStores: false)
      for _ in 0..<2 { #expect(try await get(suite).fields["code"] == .text("a")) }
      try await suite.call(Service.updateProfileTable) { request in
        var note = ProfilesV1.Attribute()
        (note.id, note.type) = ("note", .string)
        request.profileTable = .customers
        request.profileTable?.name = TestSuite.customers
        request.profileTable?.attributes.append(note)
        request.updateMask = .init()
        request.updateMask?.paths = ["attributes"]
      }
      try await suite.call(Service.updateProfile) { request in
        request.profile = .init()
        request.profile?.name = Self.profile
        request.profile?.fields = ["note": .text("b")]
      }
      for _ in 0..<2 { #expect(try await get(suite).fields["note"] == .text("b")) }
    }
  }

  @Test("is gone once it was deleted, and another once it was made again under its number")
  func madeAgain() async throws {
    try await TestSuite.with { suite async throws in
      func refusal() async throws -> Refusal {
        try await suite.refusal(Service.getProfile) { $0.name = Self.profile }
      }
      try await suite.customers([], hasStores: false)
      #expect(try await refusal().code == .notFound)
      try await suite.call(Service.deleteProfileTable) { $0.name = TestSuite.customers }
      #expect(try await refusal().code == .notFound)
      try await suite.customers([["code": .text("a")]], hasStores: false)
      for _ in 0..<2 { #expect(try await get(suite).fields["code"] == .text("a")) }
    }
  }
}
