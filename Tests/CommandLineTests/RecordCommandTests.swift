import Foundation
import Messages
import RPC
import Synchronization
import Testing

@testable import CommandLineTool

@Suite("Profiles and rows")
struct RecordCommandTests {
  private static let table = "entities/b2c/profileTables/customers"

  private static let definition: ProfilesV1.ProfileTable = {
    var table = ProfilesV1.ProfileTable()
    table.name = RecordCommandTests.table
    var birth = ProfilesV1.Attribute()
    birth.id = "birthDate"
    birth.type = .date
    var code = ProfilesV1.Attribute()
    code.id = "customerCode"
    code.type = .string
    table.attributes = [code, birth]
    return table
  }()

  @Test("plain values take their kinds from the table's definition, and are printed plainly")
  func plainData() async throws {
    let seen = Mutex<ProfilesV1.CreateProfileRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.getProfileTable) { _, _ in Self.definition }
      $0.handle(ProfilesV1.ProfileService.createProfile) { request, _ in
        seen.withLock { $0 = request }
        var profile = request.profile ?? .init()
        profile.name = Self.table + "/profiles/42"
        return profile
      }
    } _: { suite in
      let data = #"{"customerCode":"00042","birthDate":"1975-02-28"}"#
      let arguments = ["profiles", "create", Self.table, "--data", data, "--source", "shop", "--request-id", "r1"]
      let people = try await suite.rapport.run(arguments)
      #expect(
        people.output == """
          Profile  entities/b2c/profileTables/customers/profiles/42

          FIELD         VALUE
          birthDate     1975-02-28
          customerCode  00042

          """)
      let request = try #require(seen.withLock { $0 })
      #expect(request.parent == Self.table)
      #expect(request.requestId == "r1")
      #expect(request.provenance?.source == "shop")
      #expect(request.profile?.fields["customerCode"]?.kind == .stringValue("00042"))
      let program = try await suite.rapport.run(arguments + ["-o", "json"])
      #expect(program.output.contains(#""birthDate":{"dateValue":{"year":1975,"month":2,"day":28}}"#))
    }
  }

  @Test("a profile in proto3 JSON is sent as it is, without asking for the definition")
  func protoData() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.upsertProfile) { request, _ in
        var answer = ProfilesV1.UpsertProfileResponse()
        answer.profile = request.profile
        answer.created = true
        return answer
      }
    } _: { suite in
      let upsert = try await suite.rapport.run(
        "profiles", "upsert", Self.table + "/profiles/customerCode=7", "--data",
        #"{"fields":{"firstName":{"stringValue":"Zoë"}}}"#, "-o", "json")
      #expect(
        upsert.output
          == #"{"profile":{"name":"entities/b2c/profileTables/customers/profiles/customerCode=7","fields":{"firstName":{"stringValue":"Zoë"}}},"created":true}"#
          + "\n")
      #expect(!suite.gate.calls.contains { $0.hasSuffix("GetProfileTable") })
    }
  }

  @Test("a list shows the fields in the order of the definition")
  func list() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.getProfileTable) { _, _ in Self.definition }
      $0.handle(ProfilesV1.ProfileService.listProfiles) { _, _ in
        var profile = ProfilesV1.Profile()
        profile.name = Self.table + "/profiles/1"
        for (name, text) in [("customerCode", "00001"), ("zebra", "z")] {
          var value = TypeV1.Value()
          value.kind = .stringValue(text)
          profile.fields[name] = value
        }
        var answer = ProfilesV1.ListProfilesResponse()
        answer.profiles = [profile]
        return answer
      }
    } _: { suite in
      let list = try await suite.rapport.run("profiles", "list", Self.table)
      #expect(list.output == "ID  customerCode  zebra\n1   00001         z\n")
    }
  }

  @Test("a name that is no record's is refused before any call")
  func wrongName() async throws {
    try await SuiteFixture.run { _ in
    } _: { suite in
      let get = try await suite.rapport.run("profiles", "get", Self.table)
      #expect(get.status == 64)
      #expect(get.errors.contains("/profiles/customerCode=00042"))
      #expect(suite.gate.calls == [])
    }
  }

  @Test("an export is complete or not there, and its lines are counted")
  func export() async throws {
    let isBroken = Mutex(true)
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.exportProfiles) { request, writer, _ in
        var response = ProfilesV1.ExportProfilesResponse()
        response.chunk = Array((request.fields.joined(separator: ",") + "\r\n1,\"a\nb\"\r\n").utf8)
        try await writer.send(response)
        if isBroken.withLock({ $0 }) { throw RPCError(.unavailable, "Gone.") }
      }
    } _: { suite in
      try await withTemporaryFolder { folder in
        let path = "\(folder)/out.csv"
        let arguments = ["profiles", "export", Self.table, "--fields", "id,name", "--file", path, "-o", "json"]
        #expect(try await suite.rapport.run(arguments).status == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        isBroken.withLock { $0 = false }
        let whole = try await suite.rapport.run(arguments)
        #expect(whole.output == "{\"lines\":\"1\"}\n")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "id,name\r\n1,\"a\nb\"\r\n")
        let stream = try await suite.rapport.run("profiles", "export", Self.table, "--fields", "id,name")
        #expect(stream.output == "id,name\r\n1,\"a\nb\"\r\n")
      }
    }
  }

  @Test("a definition comes from a file, and a name that it should not have is refused")
  func definitionFile() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.createProfileTable) { request, _ in
        var table = request.profileTable ?? .init()
        table.name = "\(request.parent)/profileTables/\(request.profileTableId)"
        return table
      }
    } _: { suite in
      try await withTemporaryFolder { folder in
        let path = "\(folder)/customers.json"
        try #"{"displayName":"Customers","attributes":[{"id":"code","type":"FIELD_TYPE_STRING","unique":true}]}"#
          .write(toFile: path, atomically: true, encoding: .utf8)
        let arguments = ["profiles", "tables", "create", "entities/b2c", "customers", "--file", path]
        let people = try await suite.rapport.run(arguments)
        #expect(people.output.contains("code   attribute  string  unique"))
        let program = try await suite.rapport.run(arguments + ["-o", "json"])
        #expect(program.output.hasPrefix(#"{"name":"entities/b2c/profileTables/customers","displayName":"Customers","#))
        try #"{"displyName":"Customers"}"#.write(toFile: path, atomically: true, encoding: .utf8)
        let wrong = try await suite.rapport.run(arguments)
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains(path))
        #expect(wrong.errors.contains("displyName"))
      }
    }
  }
}
