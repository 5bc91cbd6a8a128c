import Foundation
import Glibc
import RPC

/// Where an export goes: standard output, or a file that appears under its name only when it is complete.
struct ExportFile: ~Copyable {
  private let path: String?
  private let descriptor: Int32
  private var lines = CSVLineCounter()
  private(set) var bytes: Int64 = 0
  private var isComplete = false

  /// - Parameter path: nil for standard output.
  /// - Throws: ``CommandError`` naming the file.
  init(_ path: String?) throws {
    self.path = path
    guard let path else {
      descriptor = STDOUT_FILENO
      return
    }
    descriptor = open(Self.partial(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CommandError.cannotWrite(path, errno: errno) }
  }

  deinit {
    guard let path else { return }
    close(descriptor)
    if !isComplete { unlink(Self.partial(path)) }
  }

  private static func partial(_ path: String) -> String { "\(path).part" }

  /// Data lines so far, the header not counted.
  var dataLines: Int64 { max(0, lines.count - 1) }

  mutating func write(_ chunk: [UInt8]) throws {
    lines.add(chunk)
    bytes += Int64(chunk.count)
    try chunk.withUnsafeBytes { try writeAll($0, to: descriptor, named: path ?? "standard output") }
  }

  /// Gives the file its name.
  mutating func complete() throws {
    guard let path else { return }
    guard fsync(descriptor) == 0, rename(Self.partial(path), path) == 0 else {
      throw CommandError.cannotWrite(path, errno: errno)
    }
    isComplete = true
  }
}

/// Counts the records of a CSV file that comes in pieces: a line break within quotes ends none.
struct CSVLineCounter: Sendable, Hashable {
  private var ended: Int64 = 0
  private var isQuoted = false
  private var isOpen = false

  /// Records so far; a last one without a line break counts.
  var count: Int64 { ended + (isOpen ? 1 : 0) }

  mutating func add(_ bytes: [UInt8]) {
    for byte in bytes {
      if byte == UInt8(ascii: "\"") {
        // A doubled quote within quotes closes and opens again.
        isQuoted.toggle()
      }
      if byte == UInt8(ascii: "\n") && !isQuoted {
        ended += 1
        isOpen = false
      } else {
        isOpen = true
      }
    }
  }
}
