import Foundation
import Messages
import RPC
import Testing

@Suite("rapport call")
struct CallCommandTests {
  @Test("calls a unary method with JSON and prints the answer's JSON on one line")
  func unary() async throws {
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.getEntity) { request, _ in
        var entity = AccessV1.Entity()
        entity.name = request.name
        entity.displayName = "Consumers"
        return entity
      }
    } _: { suite in
      let call = try await suite.rapport.run(
        "call", "rapport.access.v1.AccessService/GetEntity", #"{"name":"entities/b2c"}"#, "-o", "json")
      #expect(call.output == #"{"name":"entities/b2c","displayName":"Consumers"}"# + "\n")
      #expect(call.errors == "")
      #expect(call.status == 0)
    }
  }

  @Test("takes an end of a method's name that no other has, and the request from standard input")
  func shortName() async throws {
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.getEntity) { request, _ in
        var entity = AccessV1.Entity()
        entity.name = request.name
        return entity
      }
    } _: { suite in
      let call = try await suite.rapport.run("call", "GetEntity", "-", input: "{\"name\":\n\"entities/b2b\"}")
      #expect(call.output == "{\n  \"name\": \"entities/b2b\"\n}\n")
    }
  }

  @Test("prints every answer of a stream on a line of its own")
  func serverStream() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.exportProfiles) { _, writer, _ in
        for text in ["id\n", "1\n"] {
          var response = ProfilesV1.ExportProfilesResponse()
          response.chunk = Array(text.utf8)
          try await writer.send(response)
        }
      }
    } _: { suite in
      let call = try await suite.rapport.run("call", "ExportProfiles", "{}", "-o", "json")
      #expect(call.output == "{\"chunk\":\"aWQK\"}\n{\"chunk\":\"MQo=\"}\n")
    }
  }

  @Test("sends a message a line of standard input to a method that takes a stream")
  func clientStream() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.importProfiles) { requests, _ in
        var done = ProfilesV1.ProfileImport()
        for try await request in requests {
          switch request.part {
          case .start(let start): done.name = start.parent
          case .chunk(let chunk): done.name += String(decoding: chunk, as: UTF8.self)
          case nil: break
          }
        }
        return done
      }
    } _: { suite in
      let call = try await suite.rapport.run(
        "call", "ImportProfiles", "-", "-o", "json",
        input: #"{"start":{"parent":"a"}}"# + "\n\n" + #"{"chunk":"Yg=="}"# + "\r\n" + #"{"chunk":"Yw=="}"#)
      #expect(call.output == "{\"name\":\"abc\"}\n")
    }
  }

  @Test("answers while it still sends, on a method with streams both ways")
  func bidirectional() async throws {
    try await SuiteFixture.run {
      $0.handle(GRPCReflectionV1.ServerReflection.serverReflectionInfo) { requests, writer, _ in
        for try await request in requests {
          var response = GRPCReflectionV1.ServerReflectionResponse()
          response.validHost = request.host
          try await writer.send(response)
        }
      }
    } _: { suite in
      let call = try await suite.rapport.run(
        "call", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", #"{"host":"a"}"#, #"{"host":"b"}"#,
        "-o", "json")
      #expect(call.output == "{\"validHost\":\"a\"}\n{\"validHost\":\"b\"}\n")
    }
  }

  @Test("ends with the server's refusal of a stream, whatever is still to be sent")
  func refusedStream() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.importProfiles) { _, _ in
        throw RPCError(.notFound, "No table.", reason: "TABLE_NOT_FOUND")
      }
    } _: { suite in
      let line = #"{"chunk":"Yg=="}"# + "\n"
      let call = try await suite.rapport.run(
        "call", "ImportProfiles", "-", "-o", "json", input: String(repeating: line, count: 10_000))
      #expect(
        call.lastErrorLine
          == #"{"error":{"code":"NOT_FOUND","fieldViolations":[],"message":"No table.","reason":"TABLE_NOT_FOUND"}}"#)
      #expect(call.status == 1)
    }
  }

  @Test("names the place where the request is no message, and calls nothing")
  func badRequest() async throws {
    try await SuiteFixture.run { _ in
    } _: { suite in
      let call = try await suite.rapport.run("call", "GetEntity", #"{"nam":"entities/b2c"}"#)
      #expect(call.status == 64)
      #expect(call.errors.contains("nam"))
      #expect(call.errors.contains("rapport.access.v1.GetEntityRequest"))
      #expect(suite.gate.calls == [])
    }
  }

  @Test("names the methods that come near one that there is not")
  func unknownMethod() async throws {
    let call = try await Executable().run("call", "AccessService/GetEntiti")
    #expect(call.status == 64)
    #expect(call.errors.contains("rapport call --list"))
    let near = try await Executable().run("call", "Profiles/getprofile")
    #expect(near.errors.contains("rapport.profiles.v1.ProfileService/GetProfile"))
  }

  @Test("lists every public method and none that only services may call")
  func list() async throws {
    let list = try await Executable().run("call", "--list", "-o", "json")
    let methods = try JSONDecoder().decode([String: [String]].self, from: Data(list.output.utf8))["methods"] ?? []
    let expected = MessageRegistry.services.flatMap(\.methods).filter { $0.rule != nil && $0.rule?.right != .internal }
    #expect(Set(methods) == Set(expected.map { "\($0.service)/\($0.name)" }))
    #expect(methods.contains("rapport.profiles.v1.ProfileService/ImportProfiles"))
    #expect(!methods.contains { $0.hasPrefix("rapport.internal.") })
  }
}
