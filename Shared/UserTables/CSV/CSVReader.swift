/// Reads a CSV file (RFC 4180) that arrives in pieces, one record at a time.
///
/// A pure machine: bytes go in by ``append(_:)``, records come out by ``next(into:)``. It holds at most one record and the
/// piece that was appended last. What is wrong with a record is told in the record, and reading goes on behind it:
/// - a quote that is never closed, not within ``maximumRecordBytes``, or amid the text of a later line, costs its own line
///   only: reading begins again at the next line;
/// - a longer line is passed over.
///
/// A quote that is out of place ends the search at its line, so that no file has the same bytes looked at again and again:
/// behind a quote that is not closed stand whole lines that each end by themselves.
///
/// Lines end in LF, CRLF or the end of the file. A byte-order mark of UTF-8 at the start is passed over. Records without
/// a single byte (blank lines) are passed over too.
package struct CSVReader: Sendable {
  /// The longest record that is read, in bytes: 1 MiB.
  package static let maximumRecordBytes = 1 << 20

  private let separator: UInt8
  private var buffer: [UInt8] = []
  /// Where the next record begins in `buffer`.
  private var head = 0
  /// What `buffer` is known to hold no record's end before; spares a second look when more bytes come.
  private var scanned: Scan
  /// How many bytes the search for the ends of records has looked at.
  private(set) var bytesScanned: Int64 = 0
  /// The file's offset of `head`, in bytes.
  private var offset: Int64
  /// The physical line of `head`, from 1.
  private var line: Int64
  private var isFinished = false
  private var isSkipping = false

  /// A reader of a file, or of the rest of one.
  ///
  /// - Parameters:
  ///   - separator: an ASCII character other than a quote or a line break.
  ///   - offset: the byte of the file that comes first; 0 begins a file.
  ///   - line: the physical line that this byte stands on, from 1.
  package init(separator: UInt8 = UInt8(ascii: ","), offset: Int64 = 0, line: Int64 = 1) {
    self.separator = separator
    self.offset = offset
    self.line = line
    self.scanned = Scan(position: 0)
  }

  /// The physical line that the next record begins on, from 1.
  package var nextLine: Int64 { line }

  /// Takes the next bytes of the file.
  package mutating func append(_ bytes: some Collection<UInt8>) {
    precondition(!isFinished, "bytes after the end of the file")
    if head > 0 {
      buffer.removeFirst(head)
      scanned.position -= head
      head = 0
    }
    buffer.append(contentsOf: bytes)
    if offset == 0 && line == 1 { skipByteOrderMark() }
  }

  /// Says that no more bytes will come.
  package mutating func finish() {
    isFinished = true
  }

  /// Reads the next record.
  ///
  /// - Returns: false when it takes more bytes, or, behind ``finish()``, when there is none.
  package mutating func next(into record: inout CSVRecord) -> Bool {
    while true {
      if isSkipping {
        guard skipLine() else { return false }
        record.fail(.tooLong, line: line - 1, end: offset)
        return true
      }
      guard let end = recordEnd() else { return false }
      switch end {
      case .complete(let contentEnd, let next, let lines):
        if contentEnd == head {
          advance(to: next, lines: lines)
          continue
        }
        parse(head..<contentEnd, into: &record)
        if record.problem != nil && lines > 1 {
          failFirstLine(of: &record)
        } else {
          record.line = line
          advance(to: next, lines: lines)
          record.end = offset
        }
        return true
      case .openQuote:
        failFirstLine(of: &record)
        return true
      case .tooLong:
        isSkipping = true
      case .endOfFile:
        return false
      }
    }
  }

  // MARK: - Where records end

  /// How far the search for the end of the record at `head` has come.
  private struct Scan: Sendable {
    var position: Int
    var place = Place.cellStart
    var lines: Int64 = 0

    enum Place {
      case cellStart, plain, quoted, quoteInQuoted
      /// Behind a quote that closes, and a return that only a line break may follow.
      case returnBehindQuote
      /// Behind a quote that is out of place: what follows on its line does not matter any more.
      case strayQuote
    }

    /// Whether the record holds a line that is given up without its end.
    var hasOpenQuote: Bool { lines > 0 && (place == .quoted || place == .strayQuote) }

    /// Takes the byte at `position`; true when it ends the record.
    mutating func take(_ byte: UInt8, separator: UInt8) -> Bool {
      if byte == UInt8(ascii: "\n") {
        lines += 1
        return place != .quoted
      }
      switch (place, byte) {
      case (.strayQuote, _): break
      case (.cellStart, UInt8(ascii: "\"")), (.quoteInQuoted, UInt8(ascii: "\"")): place = .quoted
      case (.quoted, UInt8(ascii: "\"")): place = .quoteInQuoted
      case (.quoted, _): break
      case (.returnBehindQuote, _), (_, UInt8(ascii: "\"")): place = .strayQuote
      case (_, separator): place = .cellStart
      case (.quoteInQuoted, UInt8(ascii: "\r")): place = .returnBehindQuote
      case (.quoteInQuoted, _): place = .strayQuote
      default: place = .plain
      }
      return false
    }
  }

  private enum RecordEnd {
    case complete(contentEnd: Int, next: Int, lines: Int64)
    case openQuote
    case tooLong
    case endOfFile
  }

  /// Finds the end of the record at `head`, or nil when it takes more bytes.
  private mutating func recordEnd() -> RecordEnd? {
    let limit = head + Self.maximumRecordBytes
    var scan = scanned
    defer {
      bytesScanned += Int64(scan.position - scanned.position)
      scanned = scan
    }
    let found: Int? = buffer.withUnsafeBufferPointer { bytes in
      let stop = min(bytes.count, limit)
      while scan.position < stop {
        if scan.take(bytes[scan.position], separator: separator) { return scan.position }
        scan.position += 1
      }
      return nil
    }
    if let found {
      let hasReturn = found > head && buffer[found - 1] == UInt8(ascii: "\r")
      return .complete(contentEnd: hasReturn ? found - 1 : found, next: found + 1, lines: scan.lines)
    }
    if scan.position >= limit { return scan.hasOpenQuote ? .openQuote : .tooLong }
    guard isFinished else { return nil }
    if head == buffer.count { return .endOfFile }
    if scan.place == .quoted { return .openQuote }
    let hasReturn = buffer[buffer.count - 1] == UInt8(ascii: "\r")
    return .complete(contentEnd: buffer.count - (hasReturn ? 1 : 0), next: buffer.count, lines: scan.lines + 1)
  }

  private mutating func advance(to next: Int, lines: Int64) {
    offset += Int64(next - head)
    line += lines
    head = next
    scanned = Scan(position: next)
  }

  /// Gives up the line at `head`, and goes on with the next.
  private mutating func failFirstLine(of record: inout CSVRecord) {
    let first = line
    let end = buffer[head...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? buffer.count
    advance(to: end, lines: 1)
    record.fail(.openQuote, line: first, end: offset)
  }

  /// Passes over the rest of a line that is too long. False when its end has not come yet.
  private mutating func skipLine() -> Bool {
    guard let end = buffer[head...].firstIndex(of: UInt8(ascii: "\n")) else {
      advance(to: buffer.count, lines: 0)
      guard isFinished else { return false }
      line += 1
      isSkipping = false
      return true
    }
    advance(to: end + 1, lines: 1)
    isSkipping = false
    return true
  }

  private mutating func skipByteOrderMark() {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard head == 0, buffer.starts(with: mark) else { return }
    offset += 3
    head = 3
    scanned = Scan(position: 3)
  }

  // MARK: - What a record holds

  private func parse(_ range: Range<Int>, into record: inout CSVRecord) {
    record.clear()
    buffer.withUnsafeBufferPointer { bytes in
      var position = range.lowerBound
      while true {
        if position < range.upperBound && bytes[position] == UInt8(ascii: "\"") {
          guard let end = unquote(bytes, from: position + 1, to: range.upperBound, into: &record) else { return }
          position = end
        } else {
          let start = position
          while position < range.upperBound && bytes[position] != separator {
            if bytes[position] == UInt8(ascii: "\"") {
              record.problem = .strayQuote
              return
            }
            position += 1
          }
          record.bytes.append(contentsOf: bytes[start..<position])
        }
        record.ends.append(record.bytes.count)
        if position == range.upperBound { return }
        position += 1
      }
    }
  }

  /// Appends a quoted cell's text to the record and returns the position behind its closing quote.
  private func unquote(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, into record: inout CSVRecord
  ) -> Int? {
    var position = start
    var copied = start
    while position < end {
      guard bytes[position] == UInt8(ascii: "\"") else {
        position += 1
        continue
      }
      record.bytes.append(contentsOf: bytes[copied..<position])
      let isDoubled = position + 1 < end && bytes[position + 1] == UInt8(ascii: "\"")
      if isDoubled {
        record.bytes.append(UInt8(ascii: "\""))
        position += 2
        copied = position
        continue
      }
      position += 1
      if position == end || bytes[position] == separator { return position }
      record.problem = .strayQuote
      return nil
    }
    record.problem = .openQuote
    return nil
  }
}

/// One record of a CSV file: its cells, or what is wrong with it.
package struct CSVRecord: Sendable {
  /// Why a record cannot be read.
  package enum Problem: Sendable, Equatable {
    /// A quote opens on this line and is not closed.
    case openQuote
    /// A quote stands where none may.
    case strayQuote
    /// It is longer than ``CSVReader/maximumRecordBytes``.
    case tooLong

    /// What to tell the file's owner.
    package var explanation: String {
      switch self {
      case .openQuote: "A quote opens on this line and is not closed. Close it, or double it if it belongs to the text."
      case .strayQuote: "A quote stands inside a cell. Put the whole cell in quotes and double the quotes within."
      case .tooLong: "The line is longer than 1 MiB. Shorten it."
      }
    }
  }

  /// The physical line that it begins on, from 1.
  package internal(set) var line: Int64 = 0
  /// The file's offset behind it, in bytes.
  package internal(set) var end: Int64 = 0
  /// What is wrong with it as a whole; its cells then mean nothing.
  package internal(set) var problem: Problem?
  fileprivate var bytes: [UInt8] = []
  fileprivate var ends: [Int] = []

  /// An empty record to be filled by ``CSVReader/next(into:)``.
  package init() {}

  /// The number of cells.
  package var count: Int { ends.count }

  /// The bytes of one cell, unquoted.
  package subscript(index: Int) -> ArraySlice<UInt8> {
    bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  fileprivate mutating func clear() {
    problem = nil
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  fileprivate mutating func fail(_ problem: Problem, line: Int64, end: Int64) {
    clear()
    self.problem = problem
    self.line = line
    self.end = end
  }
}
