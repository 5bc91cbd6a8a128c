import Foundation
import Messages
import RPC
import Testing

@testable import CommandLineTool

@Suite("What people and programs read")
struct OutputTests {
  @Test("columns are as wide as their widest cell, in columns of the terminal")
  func table() {
    var table = TextTable("NAME", "COUNT")
    table.rows = [["Zoë", "1"], ["東京", "12"], ["a", ""]]
    #expect(table.text == "NAME  COUNT\nZoë   1\n東京  12\na")
  }

  @Test("a table without rows says so")
  func emptyTable() {
    #expect(TextTable("NAME", empty: "There is no key.").text == "There is no key.")
  }

  @Test("columns that do not fit are left out, and the last one says so")
  func narrowTable() {
    var table = TextTable(["ID", "FIRST", "SECOND"])
    table.rows = [["1", "abcdef", "ghijkl"]]
    #expect(table.text(width: 18) == "ID  FIRST   SECOND\n1   abcdef  ghijkl")
    #expect(table.text(width: 17) == "ID  FIRST   …\n1   abcdef")
    #expect(table.text(width: nil) == table.text)
  }

  @Test("nothing that a value holds can steer the terminal")
  func escapes() {
    #expect("a\u{1b}[2Jb\nc\u{202e}d".printable == "a\\u{1b}[2Jb\\u{a}c\\u{202e}d")
    var table = TextTable("NAME")
    table.rows = [["\u{1b}]0;x\u{7}"]]
    #expect(!table.text.contains("\u{1b}"))
  }

  @Test(
    "JSON is set in lines without touching a token",
    arguments: [
      (#"{}"#, "{}"),
      (#"{"a":[],"b":{}}"#, "{\n  \"a\": [],\n  \"b\": {}\n}"),
      (#"{"a": [1,"x,{}\" \\"]}"#, "{\n  \"a\": [\n    1,\n    \"x,{}\\\" \\\\\"\n  ]\n}"),
      (#"12345678901234567890.10"#, "12345678901234567890.10"),
    ])
  func indented(json: String, text: String) {
    #expect(IndentedJSON.text(of: Array(json.utf8)) == text)
  }

  @Test(
    "amounts are short",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
      (27_300_000, "27.3 MB"),
      (2_000_000_000, "2.0 GB"),
    ])
  func amounts(bytes: Int, text: String) {
    #expect(Amounts.bytes(Int64(bytes)) == text)
  }

  @Test("counts and times are grouped as people do")
  func counts() {
    #expect(Amounts.count(0) == "0")
    #expect(Amounts.count(-1_234) == "-1,234")
    #expect(Amounts.count(Int64.min) == "-9,223,372,036,854,775,808")
    #expect(Amounts.time(.seconds(59)) == "59 s")
    #expect(Amounts.time(.seconds(125)) == "2 min 5 s")
    #expect(Amounts.time(.seconds(4_320)) == "1 h 12 min")
  }

  @Test("the progress line tells share, amount, speed and time left, of what this call sends")
  func progressLine() {
    let line = ProgressBar.line(
      "Importing a.csv", done: 3_000_000, total: 4_000_000, origin: 2_000_000, elapsed: .seconds(2), width: 100)
    #expect(line.hasPrefix("Importing a.csv  [###"))
    #expect(line.hasSuffix("  75 %  3.0 MB of 4.0 MB  500.0 kB/s  2 s left"))
    #expect(line.columns <= 100)
    let narrow = ProgressBar.line("Importing a.csv", done: 1, total: 2, origin: 0, elapsed: .zero, width: 30)
    #expect(narrow == "Importing a.csv  50 %  1 B of 2 B")
    #expect(ProgressBar.line("-", done: 5, total: nil, origin: 0, elapsed: .seconds(1), width: 80) == "-  5 B  5 B/s")
  }

  @Test("an error is a sentence with its fields for people, and one line of JSON for programs")
  func error() {
    let error = CommandError(
      RPCError(
        .invalidArgument, "The profile is\nwrong.", reason: "INVALID_FIELD",
        fieldViolations: [FieldViolation(field: "profile.fields.age", description: "Send a number.")]))
    #expect(error.text == "Error: The profile is\\u{a}wrong.\n  profile.fields.age: Send a number.")
    #expect(
      error.json
        == #"{"error":{"code":"INVALID_ARGUMENT","fieldViolations":[{"description":"Send a number.","field":"profile.fields.age"}],"#
        + #""message":"The profile is\nwrong.","reason":"INVALID_FIELD"}}"#)
    #expect(error.exitStatus == 1)
    #expect(CommandError.usage("No.").exitStatus == 64)
  }

  @Test("enum values are words without the enum's name")
  func enumWords() {
    #expect(EnumWord.text(OptionsV1.Module.profiles) == "profiles")
    #expect(EnumWord.text(TypeV1.ImportState.succeeded) == "succeeded")
    #expect(EnumWord.text(TablesV1.OnDelete.setNull) == "set-null")
    #expect(EnumWord.text(OptionsV1.Right(rawValue: 99)) == "99")
    #expect(EnumWord.value("Set_Null", of: TablesV1.OnDelete.self) == .setNull)
    #expect(EnumWord.value("nothing", of: TablesV1.OnDelete.self) == nil)
    #expect(EnumWord.list(of: TablesV1.OnDelete.self) == "cascade, set-null")
  }

  @Test("records of a CSV file are counted however it is cut, line breaks in quotes within them", arguments: 1...12)
  func csvLines(cut: Int) {
    let file = Array("id,a\r\n1,\"x\ny\"\r\n2,\"\"\"\n\"\r\n3,z".utf8)
    var counter = CSVLineCounter()
    for start in stride(from: 0, to: file.count, by: cut) {
      counter.add(Array(file[start..<min(start + cut, file.count)]))
    }
    #expect(counter.count == 4)
  }
}
