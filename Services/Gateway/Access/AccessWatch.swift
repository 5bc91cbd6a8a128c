/// Decides when to look whether access has changed, and whether what was seen last may still be acted on.
///
/// A look finds whatever was committed before it began, so its age counts from its beginning, and a change holds
/// everywhere within ``lifetime``: either a look has seen it by then, or none has succeeded and nobody is let in.
/// A look that takes too long is given up and another begun, because the next may get through. What is looked at, and
/// how, is not its business; nor is the clock, which comes with each event.
///
///     idle ──(tick after interval, wake, question)──▶ looking ──(ended)──▶ idle
///                                                       │  ▲
///                                                       └──┘ patience over: give up, look again
struct AccessWatch: Sendable {
  /// What the owner has to do, in order.
  enum Action: Sendable, Hashable {
    /// Begin the look of this number.
    case look(Int)
    /// Cancel the look of this number; its end need not be told.
    case giveUp(Int)
    /// Tell these askers that a look which began after they asked has ended, well or not.
    case answer([Int])
  }

  /// The clock that is read.
  typealias Instant = ContinuousClock.Instant

  /// From the beginning of one look to that of the next, when nothing asks for one sooner.
  static let interval = Duration.milliseconds(200)
  /// How long a look may take.
  static let patience = Duration.milliseconds(400)
  /// How long what a look has found may be acted on, from the look's beginning.
  static let lifetime = Duration.seconds(1)

  private struct Look: Sendable {
    var number: Int
    var began: Instant
    var askers: [Int]
  }

  private var running: Look?
  private var lastNumber = 0
  private var lastBegan: Instant?
  private var isWantedAgain = false
  private var waiting: [Int] = []
  private var seen: Instant?

  /// Nothing was seen yet.
  init() {}

  /// Whether what the last good look found may be acted on.
  func isFresh(at now: Instant) -> Bool {
    seen.map { now < $0 + Self.lifetime } ?? false
  }

  /// Time has passed.
  mutating func ticked(at now: Instant) -> [Action] {
    if let running {
      guard now >= running.began + Self.patience else { return [] }
      self.running = nil
      return [.giveUp(running.number), .answer(running.askers)] + begin(at: now)
    }
    guard let lastBegan, now < lastBegan + Self.interval else { return begin(at: now) }
    return []
  }

  /// Somebody says that something has changed.
  mutating func woken(at now: Instant) -> [Action] {
    isWantedAgain = true
    return running == nil ? begin(at: now) : []
  }

  /// Somebody wants to know what was committed before this instant.
  mutating func asked(by asker: Int, at now: Instant) -> [Action] {
    // A look that runs already may have begun before the commit that the asker means.
    waiting.append(asker)
    return woken(at: now)
  }

  /// Whether the look of this number is still waited for: only then its finding counts.
  func awaits(_ number: Int) -> Bool {
    running?.number == number
  }

  /// A look has ended. One that was given up is not heard.
  mutating func lookEnded(_ number: Int, succeeded: Bool, at now: Instant) -> [Action] {
    guard let running, running.number == number else { return [] }
    self.running = nil
    if succeeded { seen = running.began }
    let answers: [Action] = running.askers.isEmpty ? [] : [.answer(running.askers)]
    return isWantedAgain ? answers + begin(at: now) : answers
  }

  private mutating func begin(at now: Instant) -> [Action] {
    lastNumber += 1
    lastBegan = now
    running = Look(number: lastNumber, began: now, askers: waiting)
    waiting = []
    isWantedAgain = false
    return [.look(lastNumber)]
  }
}
