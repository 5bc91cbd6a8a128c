import Foundation
import Messages
import RPC
import Testing

@testable import CommandLineTool

@Suite("Where Rapport is, and who calls it")
struct ConnectionTests {
  private func settings(
    server: String? = nil, key: String? = nil, _ environment: [String: String] = [:]
  ) throws -> ConnectionSettings {
    try ConnectionSettings(server: server, key: key, environment: environment, isRoot: false)
  }

  private func writeRunFile(in folder: String, _ text: String) throws -> [String: String] {
    try text.write(toFile: "\(folder)/run.json", atomically: true, encoding: .utf8)
    return ["RAPPORT_RUN": "\(folder)/run.json"]
  }

  @Test("an option wins over the environment, which wins over the file of a running Rapport")
  func precedence() async throws {
    try await withTemporaryFolder { folder in
      var environment = try writeRunFile(
        in: folder, #"{"grpc":"127.0.0.1:1","keys":{"administrator":"file-key"},"http":"http://x"}"#)
      #expect(try settings(environment).server.port == 1)
      #expect(try settings(environment).key == "file-key")
      environment["RAPPORT_SERVER"] = "127.0.0.1:2"
      environment["RAPPORT_KEY"] = "environment-key"
      #expect(try settings(environment).server.port == 2)
      #expect(try settings(environment).key == "environment-key")
      #expect(try settings(server: "[::1]:3", key: "option-key", environment).server == HostPort(host: "::1", port: 3))
      #expect(try settings(server: "[::1]:3", key: "option-key", environment).key == "option-key")
    }
  }

  @Test("a key may be given as the file that holds it on its first line")
  func keyFile() async throws {
    try await withTemporaryFolder { folder in
      try "rk_7_abc\nnot this\n".write(toFile: "\(folder)/key", atomically: true, encoding: .utf8)
      #expect(try settings(server: "h:1", key: "\(folder)/key").key == "rk_7_abc")
      #expect(throws: CommandError.self) { try settings(server: "h:1", key: "\(folder)/none") }
    }
  }

  @Test("without any address, says how to start Rapport or name it")
  func nothingRuns() throws {
    let error = #expect(throws: CommandError.self) { try settings(["RAPPORT_RUN": "/nowhere/run.json"]) }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("deploy/run") == true)
  }

  @Test("who names both address and key does not depend on a damaged file")
  func damagedFile() async throws {
    try await withTemporaryFolder { folder in
      let environment = try writeRunFile(in: folder, "{")
      #expect(throws: CommandError.self) { try settings(environment) }
      #expect(try settings(server: "h:1", key: "k", environment).key == "k")
    }
  }

  @Test("the file is in the data folder of root, or of the user")
  func runFilePlaces() {
    #expect(RunFile.path(environment: ["HOME": "/home/a"], isRoot: true) == "/var/lib/rapport/run.json")
    #expect(RunFile.path(environment: ["HOME": "/home/a"], isRoot: false) == "/home/a/.local/share/rapport/run.json")
    #expect(RunFile.path(environment: ["XDG_DATA_HOME": "/data"], isRoot: false) == "/data/rapport/run.json")
    #expect(RunFile.path(environment: [:], isRoot: false) == nil)
  }

  @Test("a token that ends between two pages is made anew, and a new one that is refused is not tried again")
  func refusedToken() async throws {
    try await SuiteFixture.run {
      $0.handle(AccessV1.AccessService.listEntities) { request, _ in
        var answer = AccessV1.ListEntitiesResponse()
        if request.pageToken.isEmpty { answer.nextPageToken = "2" }
        return answer
      }
    } _: { suite in
      suite.gate.refuseTokens(1, after: 1)
      let list = try await suite.rapport.run("entities", "list", "--all", "-o", "json")
      #expect(list.status == 0)
      #expect(suite.gate.exchanges == 2)
      suite.gate.refuseTokens(1, after: 0)
      let refused = try await suite.rapport.run("entities", "list", "-o", "json")
      #expect(refused.status == 1)
      #expect(refused.lastErrorLine.contains("UNAUTHENTICATED"))
      #expect(suite.gate.exchanges == 3)
    }
  }

  @Test("a key that is refused, and a server that is not there, are told apart")
  func failures() async throws {
    try await SuiteFixture.run { _ in
    } _: { suite in
      var rapport = suite.rapport
      rapport.environment["RAPPORT_KEY"] = "rk_9_wrong"
      let refused = try await rapport.run("entities", "list", "-o", "json")
      #expect(
        refused.lastErrorLine
          == #"{"error":{"code":"UNAUTHENTICATED","fieldViolations":[],"message":"The key is not valid.","reason":"KEY_INVALID"}}"#
      )
      rapport.environment["RAPPORT_SERVER"] = "127.0.0.1:1"
      let gone = try await rapport.run("entities", "list", "-o", "json")
      #expect(gone.lastErrorLine.contains(#""code":"UNAVAILABLE""#))
      #expect(gone.status == 1)
      let person = try await rapport.run("entities", "list")
      #expect(person.errors.contains("deploy/run starts it"))
    }
  }
}
