import Testing

@testable import UserTables

/// What a reader made of a file: each record's line, and its cells or its problem.
private enum Reading: Equatable {
  case cells(Int64, [String])
  case problem(Int64, CSVRecord.Problem)
}

/// Reads a file that arrives in pieces of one size.
private func read(_ file: [UInt8], piece: Int, separator: UInt8 = UInt8(ascii: ",")) -> [Reading] {
  var reader = CSVReader(separator: separator)
  var record = CSVRecord()
  var readings: [Reading] = []
  func drain() {
    while reader.next(into: &record) {
      if let problem = record.problem {
        readings.append(.problem(record.line, problem))
      } else {
        readings.append(.cells(record.line, (0..<record.count).map { String(decoding: record[$0], as: UTF8.self) }))
      }
    }
  }
  var rest = file[...]
  while !rest.isEmpty {
    reader.append(rest.prefix(piece))
    rest = rest.dropFirst(piece)
    drain()
  }
  reader.finish()
  drain()
  return readings
}

@Suite("A CSV file")
struct CSVReaderTests {
  @Test("reads alike however it is cut into pieces")
  func everySplit() {
    let file = Array("a,b\r\n\"x,\"\"y\"\"\",2\n\n\"two\nlines\",\"\"\nlast,é".utf8)
    let expected: [Reading] = [
      .cells(1, ["a", "b"]), .cells(2, ["x,\"y\"", "2"]), .cells(4, ["two\nlines", ""]), .cells(6, ["last", "é"]),
    ]
    for piece in 1...file.count {
      #expect(read(file, piece: piece) == expected, "in pieces of \(piece)")
    }
  }

  @Test("loses one line to a quote that is never closed")
  func openQuote() {
    let file = Array("a,b\n1,\"open\n2,two\n3,three\n".utf8)
    for piece in 1...file.count {
      #expect(
        read(file, piece: piece) == [
          .cells(1, ["a", "b"]), .problem(2, .openQuote), .cells(3, ["2", "two"]), .cells(4, ["3", "three"]),
        ])
    }
  }

  @Test("loses one line to a quote that another line's quote seems to close")
  func quoteClosedByAnotherLine() {
    let file = Array("1,\"open\n2,\"two\",x\n3,three\n".utf8)
    #expect(
      read(file, piece: 5) == [.problem(1, .openQuote), .cells(2, ["2", "two", "x"]), .cells(3, ["3", "three"])])
  }

  @Test("loses one line to a quote that the last line seems to close")
  func quoteClosedByLastLine() {
    #expect(read(Array("1,\"open\n2,\"two\"".utf8), piece: 5) == [.problem(1, .openQuote), .cells(2, ["2", "two"])])
  }

  @Test("loses one line to a quote within a cell")
  func strayQuote() {
    let file = Array("5\" pipe,1\nnext,2\n\"a\"b,3\nlast,4".utf8)
    #expect(
      read(file, piece: 3) == [
        .problem(1, .strayQuote), .cells(2, ["next", "2"]), .problem(3, .strayQuote), .cells(4, ["last", "4"]),
      ])
  }

  @Test(
    "looks at each byte a few times, however many quotes are not closed",
    arguments: [
      // Each line opens a quote that the next one closes amid its text, and so on: one record that never ends.
      "x\",\"\n", "\"x\"y\",\"\n", "\"x\"\ry,\"\n",
      // Each second line opens a quote, and no other closes it.
      "\"\n\"\"\n", "\"\n\"a\"\"b\",\"c\"\n", "\"\na\n\"b\"\r\n",
    ])
  func boundedWork(lines: String) {
    let file = Array(String(repeating: lines, count: 4_000).utf8)
    var reader = CSVReader()
    var record = CSVRecord()
    reader.append(file)
    reader.finish()
    while reader.next(into: &record) {}
    #expect(record.end == Int64(file.count))
    #expect(reader.bytesScanned <= Int64(file.count) * 4)
  }

  @Test("loses no line without a quote, whatever stands where and however it is cut into pieces")
  func everySmallFile() {
    let signs: [UInt8] = Array("x\",\r\n".utf8)
    for number in 0..<15_625 {
      var (rest, file) = (number, [UInt8]())
      for _ in 0..<6 {
        file.append(signs[rest % signs.count])
        rest /= signs.count
      }
      let readings = read(file, piece: 6)
      for piece in [1, 2] where read(file, piece: piece) != readings { Issue.record("\(file) in pieces of \(piece)") }
      let lines = file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      for case .problem(let line, _) in readings where !lines[Int(line) - 1].contains(UInt8(ascii: "\"")) {
        Issue.record("\(file) loses line \(line)")
      }
    }
  }

  @Test("passes over a line that is too long, in bounded memory")
  func longLine() {
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 10 << 20)
    let file = Array("a\n".utf8) + long + Array("\nb\n".utf8)
    #expect(read(file, piece: 1 << 16) == [.cells(1, ["a"]), .problem(2, .tooLong), .cells(3, ["b"])])
  }

  @Test("passes over a byte-order mark")
  func byteOrderMark() {
    let file: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("a,b\n".utf8)
    for piece in 3...file.count { #expect(read(file, piece: piece) == [.cells(1, ["a", "b"])]) }
  }

  @Test("goes on in the middle, with the offsets and lines of the whole")
  func resumed() {
    let file = Array("a,b\n1,2\n\"3\n\",4\n5,6\n".utf8)
    var reader = CSVReader()
    var record = CSVRecord()
    reader.append(file)
    reader.finish()
    while reader.next(into: &record) {
      var resumed = CSVReader(offset: record.end, line: reader.nextLine)
      resumed.append(file[Int(record.end)...])
      resumed.finish()
      var next = CSVRecord()
      var whole = reader
      var expected = CSVRecord()
      let hasNext = resumed.next(into: &next)
      #expect(hasNext == whole.next(into: &expected))
      if hasNext {
        #expect(next.line == expected.line)
        #expect(next.end == expected.end)
      }
    }
    #expect(record.line == 5)
  }
}
