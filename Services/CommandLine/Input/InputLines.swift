import RPC

/// The lines of a file as they arrive, without their line ends; empty ones are passed over.
struct InputLines: AsyncSequence {
  let file: InputFile

  /// Longest line, in bytes.
  static let longest = 64 << 20

  func makeAsyncIterator() -> Iterator {
    Iterator(file: file)
  }

  struct Iterator: AsyncIteratorProtocol {
    let file: InputFile
    private var splitter = LineSplitter()
    private var hasEnded = false

    init(file: InputFile) {
      self.file = file
    }

    mutating func next() async throws -> [UInt8]? {
      while true {
        if let line = splitter.next() { return line }
        if hasEnded { return splitter.last() }
        if let chunk = try await file.chunk(atMost: 64 << 10) {
          splitter.add(chunk)
        } else {
          hasEnded = true
        }
        guard splitter.pendingBytes <= InputLines.longest else {
          throw CommandError(.resourceExhausted, "A line of \(file.name) is longer than 64 MiB.")
        }
      }
    }
  }
}

/// Cuts bytes that come in pieces into lines.
struct LineSplitter {
  private var pending: [UInt8] = []
  /// Where lines begin that were not handed out yet.
  private var start = 0
  /// Up to where there is certainly no line end.
  private var searched = 0

  /// Bytes of the line that has not ended yet, and of those not handed out.
  var pendingBytes: Int { pending.count - start }

  mutating func add(_ bytes: [UInt8]) {
    pending.removeSubrange(..<start)
    searched -= start
    start = 0
    pending += bytes
  }

  /// The next whole line that is not empty.
  mutating func next() -> [UInt8]? {
    while let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = Self.trimmed(pending[start..<end])
      start = end + 1
      searched = start
      if !line.isEmpty { return line }
    }
    searched = pending.count
    return nil
  }

  /// What stands after the last line end.
  mutating func last() -> [UInt8]? {
    let line = Self.trimmed(pending[start...])
    start = pending.count
    return line.isEmpty ? nil : line
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
    Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
  }
}
