import Glibc

/// The terminal, or whatever stands in its place.
enum Console {
  /// Whether a person reads standard error as it is written.
  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal on standard error; nil where there is none.
  static var errorWidth: Int? { width(of: STDERR_FILENO) }

  /// Columns of the terminal on standard output; nil where there is none.
  static var outputWidth: Int? { width(of: STDOUT_FILENO) }

  private static func width(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes a line to standard output: what the command is for.
  static func print(_ text: String) throws {
    try write("\(text)\n", to: STDOUT_FILENO, named: "standard output")
  }

  /// Writes a line to standard error, for programs and people.
  static func complain(_ text: String) {
    // There is nowhere left to say that standard error is closed.
    try? write("\(text)\n", to: STDERR_FILENO, named: "standard error")
  }

  /// Writes a line to standard error if a person reads it there.
  static func note(_ text: String) {
    if isErrorTerminal { complain(text) }
  }

  /// Writes over the line of standard error that the cursor stands on.
  static func replaceLine(with text: String) {
    try? write("\r\u{1b}[K\(text)", to: STDERR_FILENO, named: "standard error")
  }

  private static func write(_ text: String, to descriptor: Int32, named name: String) throws {
    try Array(text.utf8).withUnsafeBytes { try writeAll($0, to: descriptor, named: name) }
  }
}
