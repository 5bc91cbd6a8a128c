import Foundation
import Testing

@testable import CommandLineTool

@Suite("What a command reads")
struct InputTests {
  @Test("lines are found however the bytes are cut", arguments: 1...9)
  func lines(cut: Int) {
    let bytes = Array("a\n\nbc\r\n\r\ndef".utf8)
    var splitter = LineSplitter()
    var lines: [String] = []
    for start in stride(from: 0, to: bytes.count, by: cut) {
      splitter.add(Array(bytes[start..<min(start + cut, bytes.count)]))
      while let line = splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    }
    if let line = splitter.last() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(lines == ["a", "bc", "def"])
    #expect(splitter.last() == nil)
  }

  @Test("a file is read from any place on, and not from behind its end")
  func seek() async throws {
    try await withTemporaryFolder { folder in
      try Data("0123456789".utf8).write(to: URL(filePath: "\(folder)/f"))
      let file = try InputFile("\(folder)/f")
      #expect(file.size == 10)
      #expect(try await file.chunk(atMost: 4) == Array("0123".utf8))
      try await file.seek(to: 7)
      #expect(try await file.chunk(atMost: 64) == Array("789".utf8))
      #expect(try await file.chunk(atMost: 64) == nil)
      try await file.seek(to: 10)
      await #expect(throws: CommandError.self) { try await file.seek(to: 11) }
    }
  }

  @Test("a file that is not there is named with the reason")
  func missing() {
    let error = #expect(throws: CommandError.self) { try InputFile("/nowhere/f.csv") }
    #expect(error?.message == "/nowhere/f.csv cannot be read: No such file or directory.")
  }
}
