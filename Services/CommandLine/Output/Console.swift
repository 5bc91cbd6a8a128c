import ArgumentParser
import Glibc

/// The terminal, or whatever stands in its place.
enum Console {
  /// Whether a person reads standard error as it is written.
  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal on standard error; 80 where there is none.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes a line to standard output: what the command is for.
  static func print(_ text: String) throws {
    try write(Array(text.utf8) + [UInt8(ascii: "\n")])
  }

  /// Writes bytes to standard output.
  ///
  /// - Throws: `ExitCode` 141 when nobody reads any more, as a shell reports a process that SIGPIPE ended: the signal
  ///   itself is ignored once a socket is open.
  static func write(_ bytes: some ContiguousBytes) throws {
    try bytes.withUnsafeBytes { try write($0, to: STDOUT_FILENO) }
  }

  /// Writes a line to standard error, for programs and people.
  static func complain(_ text: String) {
    // There is nowhere left to say that standard error is closed.
    try? Array("\(text)\n".utf8).withUnsafeBytes { try write($0, to: STDERR_FILENO) }
  }

  /// Writes a line to standard error if a person reads it there.
  static func note(_ text: String) {
    if isErrorTerminal { complain(text) }
  }

  /// Writes over the line of standard error that the cursor stands on.
  static func replaceLine(with text: String) {
    try? Array("\r\u{1b}[K\(text)".utf8).withUnsafeBytes { try write($0, to: STDERR_FILENO) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE {
        throw ExitCode(141)
      } else if errno != EINTR {
        throw CommandError.cannotWrite("standard output", errno: errno)
      }
    }
  }
}

/// Bytes that lie in one piece.
protocol ContiguousBytes {
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension [UInt8]: ContiguousBytes {}
extension ArraySlice<UInt8>: ContiguousBytes {}
