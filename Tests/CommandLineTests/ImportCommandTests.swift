import Foundation
import Glibc
import Messages
import RPC
import Testing

@testable import CommandLineTool

@Suite("rapport profiles import")
struct ImportCommandTests {
  /// About 1 MB: several messages, and more than the windows of a call hold.
  private static let file: [UInt8] = Array(
    ("customerCode,firstName\r\n" + (1...40_000).map { "\($0),Zoë \($0 * 7_919)\r\n" }.joined()).utf8)

  /// Runs the command on a file against an importing side.
  private func run(
    _ server: ImportServer, _ arguments: [String], also build: (inout Router) -> Void = { _ in },
    _ check: (Executable.Outcome) throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/customers.csv"
      try Data(Self.file).write(to: URL(filePath: path))
      try await SuiteFixture.run {
        server.register(on: &$0)
        build(&$0)
      } _: { suite in
        try check(await suite.rapport.run(arguments.map { $0 == "FILE" ? path : $0 }))
      }
    }
  }

  private static let importing = [
    "profiles", "import", ImportServer.table, "FILE", "--key", "customerCode", "-o", "json",
  ]

  @Test("streams the file and prints the import when its last line is settled")
  func wholeFile() async throws {
    let server = ImportServer()
    try await run(
      server,
      Self.importing + ["--mode", "create", "--column", "firstName=Given name", "--separator", ";", "--source", "shop"]
    ) { outcome in
      #expect(outcome.status == 0)
      #expect(outcome.errors == "")
      let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      #expect(json?["name"] as? String == ImportServer.name)
      #expect((json?["progress"] as? [String: Any])?["settledLines"] as? String == "40000")
    }
    #expect(server.settled == Self.file)
    let start = try #require(server.starts.first)
    #expect(server.starts.count == 1)
    #expect(start.parent == ImportServer.table)
    #expect(start.settings?.key == "customerCode")
    #expect(start.settings?.mode == .create)
    #expect(start.settings?.columns == ["firstName": "Given name"])
    #expect(start.settings?.csv?.separator == ";")
    #expect(start.settings?.source == "shop")
    #expect(!start.requestId.isEmpty)
  }

  @Test("goes on by itself from the settled byte, each byte once, however often the connection breaks")
  func breaks() async throws {
    let server = ImportServer(breaksAfter: [300_000, 1, 200_000, 77_777], block: 1_000)
    try await run(server, Self.importing) { outcome in
      #expect(outcome.status == 0)
      #expect(outcome.output.contains(#""state":"IMPORT_STATE_SUCCEEDED""#))
    }
    #expect(server.settled == Self.file)
    // The name came with the second start, which the same request id made harmless.
    #expect(server.starts.map(\.resume) == ["", ""] + Array(repeating: ImportServer.name, count: 4))
    #expect(Set(server.starts.map(\.requestId).filter { !$0.isEmpty }).count == 1)
  }

  @Test("finds that all is settled when only the last answer was lost")
  func lostAnswer() async throws {
    let server = ImportServer(losesAnswer: true)
    try await run(server, Self.importing) { outcome in
      #expect(outcome.status == 0)
      #expect(outcome.output.contains(#""state":"IMPORT_STATE_SUCCEEDED""#))
    }
    #expect(server.settled == Self.file)
  }

  @Test("goes on with an import that an earlier run began")
  func resume() async throws {
    let server = ImportServer(breaksAfter: [500_000])
    try await run(server, ["profiles", "import", "--resume", ImportServer.name, "FILE", "-o", "json"]) { outcome in
      // Nothing has begun yet: there is nothing to resume, and nothing is sent.
      #expect(outcome.status == 0)
    }
    #expect(server.settled == [])
    let begun = ImportServer(breaksAfter: [500_000])
    try await run(begun, Self.importing + ["--request-id", "a"]) { #expect($0.status == 0) }
    #expect(begun.settled == Self.file)
    #expect(begun.starts.map(\.requestId).prefix(2) == ["a", "a"])
  }

  @Test("a refusal that will not pass ends the command at once, in the server's words")
  func refusal() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.importProfiles) { _, _ in
        throw RPCError(.notFound, "There is no profile table.", reason: "PROFILE_TABLE_NOT_FOUND")
      }
    } _: { suite in
      try await withTemporaryFolder { folder in
        let path = "\(folder)/customers.csv"
        try Data(Self.file).write(to: URL(filePath: path))
        let outcome = try await suite.rapport.run(Self.importing.map { $0 == "FILE" ? path : $0 })
        #expect(outcome.status == 1)
        #expect(outcome.lastErrorLine.contains(#""reason":"PROFILE_TABLE_NOT_FOUND""#))
        #expect(suite.gate.calls.filter { $0.hasSuffix("ImportProfiles") }.count == 1)
      }
    }
  }

  @Test("leaves an import to the call that has taken it over")
  func takenOver() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.importProfiles) { _, _ in
        throw RPCError(.aborted, "Another call has resumed this import.", reason: "IMPORT_TAKEN_OVER")
      }
    } _: { suite in
      let outcome = try await suite.rapport.run(
        ["profiles", "import", ImportServer.table, "-", "--key", "customerCode", "-o", "json"], input: "a\n1\n")
      #expect(outcome.lastErrorLine.contains("IMPORT_TAKEN_OVER"))
      #expect(suite.gate.calls.filter { $0.hasSuffix("ImportProfiles") }.count == 1)
    }
  }

  @Test("an import whose file was refused as a whole fails with the import's reason")
  func failed() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.importProfiles) { _, _ in
        var progress = TypeV1.ImportProgress()
        progress.state = .failed
        progress.error = "The header has no column customerCode."
        var done = ProfilesV1.ProfileImport()
        done.progress = progress
        return done
      }
    } _: { suite in
      let outcome = try await suite.rapport.run(
        ["profiles", "import", ImportServer.table, "-", "--key", "customerCode"], input: "a\n1\n")
      #expect(outcome.status == 1)
      #expect(outcome.output == "")
      #expect(outcome.errors.contains("The header has no column customerCode."))
    }
  }

  @Test("a pipe that has gone by cannot be sent again, and the command says how to go on")
  func pipe() async throws {
    try await withTemporaryFolder { folder in
      let server = ImportServer(breaksAfter: [400_000], block: 1_000)
      try await SuiteFixture.run {
        server.register(on: &$0)
      } _: { suite in
        let fifo = "\(folder)/pipe"
        #expect(mkfifo(fifo, 0o600) == 0)
        let writer = Task.detached { try? Data(Self.file).write(to: URL(filePath: fifo), options: []) }
        let outcome = try await suite.rapport.run(
          ["profiles", "import", ImportServer.table, fifo, "--key", "customerCode"])
        writer.cancel()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("is a pipe"))
      }
    }
  }

  @Test("the refused lines of all pages are listed as one")
  func refusedLines() async throws {
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.listRefusedLines) { request, _ in
        var answer = ProfilesV1.ListRefusedLinesResponse()
        let first = Int64(request.pageToken) ?? 1
        var line = TypeV1.RefusedLine()
        line.line = first
        line.column = "birthDate"
        line.reason = "The value is not a date."
        answer.lines = [line]
        if first < 3 { answer.nextPageToken = "\(first + 1)" }
        return answer
      }
    } _: { suite in
      let all = try await suite.rapport.run("profiles", "refused-lines", ImportServer.name, "--all")
      #expect(
        all.output == """
          LINE  COLUMN     REASON
          1     birthDate  The value is not a date.
          2     birthDate  The value is not a date.
          3     birthDate  The value is not a date.

          """)
      let page = try await suite.rapport.run("profiles", "refused-lines", ImportServer.name, "-o", "json")
      #expect(page.output.contains(#""nextPageToken":"2""#))
    }
  }
}
