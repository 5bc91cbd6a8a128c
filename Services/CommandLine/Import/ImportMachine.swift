/// Decides how a streamed import goes on, whatever breaks in between.
///
/// The file is sent by `start`, or from the settled byte on by `resume`. After a break the machine asks where the import
/// stands and goes on from there. An import whose name never arrived is started again with the same request id, which
/// answers with its name if the first start got through: so nothing is sent twice. It gives up after
/// ``patience`` breaks between which nothing more was settled.
struct ImportMachine: Sendable {
  /// What to do next.
  enum Action: Equatable {
    /// Start the import and send the file from its beginning.
    case start
    /// Ask where the import stands.
    case ask(name: String)
    /// Send the file from a byte on.
    case resume(name: String, from: Int64)
    /// Wait, then ask ``next()``.
    case pause(Duration)
    /// The server has the last word: every line is settled, or the file was refused.
    case finish
    /// Too many breaks; report the last one.
    case giveUp
  }

  /// Breaks without progress after which it gives up: some five minutes, in which a database can come back.
  static let patience = 42

  /// The import, once its name is known.
  private(set) var name: String?
  private var settledBytes: Int64 = -1
  private var breaks = 0

  /// - Parameter name: an import to go on with; nil starts one.
  init(resuming name: String? = nil) {
    self.name = name
  }

  /// The first action, and the one after a pause.
  func next() -> Action {
    name.map { .ask(name: $0) } ?? .start
  }

  /// The start was refused because the same request id has made this import already.
  mutating func existsAlready(name: String) -> Action {
    self.name = name
    return next()
  }

  /// The server said where the import stands.
  ///
  /// - Parameter isRunning: it still takes lines.
  mutating func found(isRunning: Bool, settledBytes: Int64) -> Action {
    guard isRunning, let name else { return .finish }
    if settledBytes > self.settledBytes {
      self.settledBytes = settledBytes
      breaks = 0
    }
    return .resume(name: name, from: settledBytes)
  }

  /// The call broke off in a way that may pass: the connection, a service or a token ended.
  mutating func broke() -> Action {
    breaks += 1
    guard breaks < Self.patience else { return .giveUp }
    return .pause(min(.seconds(8), .milliseconds(250) * (1 << min(breaks - 1, 5))))
  }
}
