/// Shows on standard error how far something is, at most ten times a second, and only to a person.
struct ProgressBar {
  /// What is counted.
  enum Unit: Sendable, Hashable {
    case bytes
    case messages

    func text(_ amount: Int64) -> String {
      self == .bytes ? Amounts.bytes(amount) : Amounts.count(amount)
    }
  }

  private let title: String
  private let unit: Unit
  private var total: Int64?
  private let isShown: Bool
  private var start: ContinuousClock.Instant
  private var origin: Int64 = 0
  private var lastDrawn: ContinuousClock.Instant?

  /// - Parameters:
  ///   - title: what is under way, in a few words.
  ///   - total: how much there is in all; nil when nobody knows.
  init(
    _ title: String, total: Int64?, unit: Unit = .bytes, isShown: Bool = Console.isErrorTerminal,
    at now: ContinuousClock.Instant = .now
  ) {
    self.title = title
    self.total = total
    self.unit = unit
    self.isShown = isShown
    start = now
  }

  /// Says how much there is in all, where that is known later.
  mutating func expect(_ total: Int64) {
    self.total = total
  }

  /// Where the work begins, when some of it was done before: that part counts for no speed.
  mutating func begin(at done: Int64, now: ContinuousClock.Instant = .now) {
    origin = done
    start = now
  }

  /// Draws the line, unless it was drawn a moment ago.
  mutating func advance(to done: Int64, at now: ContinuousClock.Instant = .now) {
    guard isShown, lastDrawn.map({ now - $0 >= .milliseconds(100) }) ?? true else { return }
    lastDrawn = now
    let line = Self.line(
      title, done: done, total: total, origin: origin, unit: unit, elapsed: now - start,
      width: Console.errorWidth ?? 80)
    Console.replaceLine(with: line)
  }

  /// Draws words in place of the bar.
  func say(_ words: String) {
    if isShown { Console.replaceLine(with: "\(title)  \(words)") }
  }

  /// Takes the line away.
  func finish() {
    if isShown { Console.replaceLine(with: "") }
  }

  /// The line: title, bar, share, amounts, speed, time left; without a total only what is known.
  static func line(
    _ title: String, done: Int64, total: Int64?, origin: Int64, unit: Unit = .bytes, elapsed: Duration, width: Int
  ) -> String {
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    let speed = seconds > 0 ? Double(done - origin) / seconds : 0
    let speedText = speed > 0 ? "  \(unit.text(Int64(speed)))/s" : ""
    guard let total, total > 0 else {
      return "\(title)  \(unit.text(done))\(speedText)"
    }
    let share = min(1, Double(done) / Double(total))
    let left = speed > 0 ? "  \(Amounts.time(.seconds(Int64(Double(max(0, total - done)) / speed)))) left" : ""
    let percent = "\(Int(share * 100)) %"
    let figures = "  \(percent)  \(unit.text(done)) of \(unit.text(total))\(speedText)\(left)"
    let room = min(40, width - title.columns - figures.columns - 5)
    guard room >= 5 else { return "\(title)\(figures)" }
    let filled = Int(share * Double(room))
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: room - filled)
    return "\(title)  [\(bar)]\(figures)"
  }
}
