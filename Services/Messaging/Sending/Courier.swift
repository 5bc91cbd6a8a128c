internal import Logging
internal import Mail
internal import Messages
internal import NIOCore
internal import RPC
internal import ServiceKit
internal import Synchronization
internal import Values

/// Hands over what a worker has claimed, on one connection to the mail server.
///
/// What became of a message and the handing over of the next are one transaction: one write to disk a message, and no more
/// than one message in doubt, whatever breaks.
final class Courier: Sendable {
  /// What couriers share.
  struct Parts: Sendable {
    let queue: SendingQueue
    let batches: BatchPreparation
    let refusals: RefusalStore
    let streaks: RefusalStreaks
    let smtp: SMTPConfiguration
    let group: any EventLoopGroup
    let time: any TimeSource
    let randomness: any Randomness
    let logger: Logger
  }

  private typealias Letter = BatchPreparation.Letter

  private let worker: Int64
  private let parts: Parts
  private let pile: Pile
  private let preparer: Preparer
  private let loop: any EventLoop
  private let connection = Mutex<SMTPConnection?>(nil)
  private let isStopping = Mutex(false)
  /// The campaign that was last handed over, so that the next is another.
  private let last = Mutex<Int64?>(nil)
  /// Whether this one has begun to prepare more, and does so once its letter is done.
  private let isToPrepare = Mutex(false)

  /// - Parameter pile: what the couriers of the worker take from.
  init(worker: Int64, parts: Parts, pile: Pile) {
    self.worker = worker
    self.parts = parts
    self.pile = pile
    preparer = Preparer(worker: worker, parts: parts)
    loop = parts.group.next()
  }

  private var now: Timestamp { parts.time.now }

  /// Whether a message could be handed over at once.
  var isConnected: Bool { connection.withLock { $0?.isOpen ?? false } }

  /// Hands over letters of some campaign until none are left; false when there is nothing to do.
  ///
  /// A cancelled task finishes the message that it has begun to hand over, and puts the rest back.
  ///
  /// - Throws: ``SMTPError`` when the mail server cannot be used now; what the database or another service throws. What the
  ///   worker had claimed waits again, but for an error of the database: then, once the worker leaves.
  func work() async throws -> Bool {
    try Task.checkCancellation()
    if !takeDuty() {
      if let campaign = pile.campaign(otherThan: last.withLock { $0 }) {
        try await handOver(Course(campaign: campaign, pile: pile))
        return true
      }
      guard pile.beginPreparing() else { return false }
    }
    let course: Course?
    do { course = try await prepare() } catch {
      pile.endPreparing()
      throw error
    }
    pile.endPreparing(isAll: course == nil)
    guard let course else { return pile.campaign() != nil }
    try await handOver(course)
    return true
  }

  private func takeDuty() -> Bool {
    isToPrepare.withLock { isToPrepare in
      defer { isToPrepare = false }
      return isToPrepare
    }
  }

  /// Prepares letters of some campaign; nil when nothing is due.
  private func prepare() async throws -> Course? {
    guard let prepared = try await preparer.prepare() else { return nil }
    var course = Course(campaign: prepared.campaign, pile: pile)
    if prepared.interval != nil {
      // For itself: others shall not wait for the turns of a slow campaign.
      course = Course(campaign: prepared.campaign, interval: prepared.interval, pile: Pile())
    }
    course.pile.add(prepared.letters, of: prepared.campaign)
    return course
  }

  /// Closes the connection.
  func close() async {
    await take()?.close()
  }

  private func take() -> SMTPConnection? {
    connection.withLock { connection in
      defer { connection = nil }
      return connection
    }
  }

  // MARK: - Letter by letter

  private typealias Suspect = (letter: Letter, reply: SMTPReply)

  /// The most letters of one campaign in a row, where others have some.
  private static let most = 100

  /// One campaign's letters, and what they have come to so far.
  private struct Course: Sendable {
    let campaign: Int64
    /// How long after one message the next may leave; nil: at once.
    var interval: Duration?
    let pile: Pile
    /// The letter behind the present one.
    var next: Letter?
    var taken = 0
    /// To be written down with the next message that is handed over.
    var settled: [SendingQueue.Settled] = []
    /// Refused in a row for no reason of the recipient's: whether for good, the next messages tell.
    var suspects: [Suspect] = []
    /// Whether a message was taken.
    var hasSent = false

    /// All that is left, with a letter that was taken already.
    mutating func rest(with letter: Letter? = nil) -> [Letter] {
      defer { next = nil }
      return [letter, next].compactMap(\.self) + pile.takeAll(of: campaign)
    }

    /// Everything is as it seems: the suspects were refused for good.
    mutating func close() {
      settled += suspects.map {
        .init(id: $0.letter.id, outcome: .notSent(.refusedByServer, answer: $0.reply.description))
      }
      suspects = []
    }
  }

  private func handOver(_ course: Course) async throws {
    last.withLock { $0 = course.campaign }
    // A task of its own is not cancelled between a final dot and the note of its answer. It mostly waits for the mail
    // server, so it runs where that is heard.
    let sending = Task(executorPreference: try await LoopExecutor.on(loop)) { try await self.send(course) }
    do {
      try await withTaskCancellationHandler {
        try await sending.value
      } onCancel: {
        isStopping.withLock { $0 = true }
      }
    } catch {
      if takeDuty() { pile.endPreparing() }
      throw error
    }
  }

  private func send(_ course: Course) async throws {
    var course = course
    while let letter = advance(&course) {
      try await waitForTurn(&course)
      if isStopping.withLock({ $0 }) { return try await putBack(course.rest(with: letter), course) }
      let connection: SMTPConnection
      do throws(SMTPError) {
        connection = try await open(for: letter.envelope)
      } catch {
        // Whatever it is, it is about us or the server, not about the message.
        try await putBack(course.rest(with: letter), course)
        throw error
      }
      do throws(SMTPError) { try await connection.begin(letter.envelope) } catch {
        if case .senderRefused = error { return try await standStill("\(error)", with: letter, course) }
        try await note(error, of: letter, &course)
        if let obstacle = parts.streaks.obstacle(for: course.campaign) {
          return try await standStill(obstacle, course)
        }
        continue
      }
      let handing = SendingQueue.Handing(id: letter.id, language: letter.language)
      let isOurs = try await committing(course.settled, handing)
      course.settled = []
      guard isOurs else {
        // What was begun is not ended, so it was not sent. What stopped it, such as a pause, may stop the rest as well.
        abandon()
        return try await putBack(course.rest(with: letter), course)
      }
      do throws(SMTPError) { try await finish(letter, on: connection, &course) } catch {
        try await note(error, of: letter, &course)
      }
      if let obstacle = parts.streaks.obstacle(for: course.campaign) {
        return try await standStill(obstacle, course)
      }
    }
    try await putBack([], course)
  }

  /// The next letter; nil where it is time for something else: to prepare more, or for another campaign.
  private func advance(_ course: inout Course) -> Letter? {
    let letter = course.next ?? takeLetter(&course)
    course.next = letter == nil ? nil : takeLetter(&course)
    return letter
  }

  private func takeLetter(_ course: inout Course) -> Letter? {
    if course.interval == nil, course.taken > 0 {
      if isToPrepare.withLock({ $0 }) { return nil }
      if pile.beginPreparingAhead() {
        isToPrepare.withLock { $0 = true }
        return nil
      }
      if course.taken >= Self.most, pile.campaign(otherThan: course.campaign) != course.campaign { return nil }
    }
    course.taken += 1
    return course.pile.take(of: course.campaign)
  }

  /// Holds the campaign back; nobody's message is given up for a server that takes none.
  private func standStill(
    _ obstacle: String, with letter: Letter? = nil, _ course: Course
  ) async throws {
    parts.logger.warning("a campaign stands still", metadata: ["campaign": "\(course.campaign)", "why": "\(obstacle)"])
    // First, so that nobody takes on what is put back.
    try await parts.queue.hold(course.campaign, obstacle: obstacle, now: now)
    var course = course
    putOff(course.suspects, of: &course)
    course.hasSent = false
    try await putBack(course.rest(with: letter), course)
  }

  private func putOff(_ suspects: [Suspect], of course: inout Course) {
    course.settled += suspects.map { .init(id: $0.letter.id, outcome: putOff($0.letter, $0.reply.description)) }
    course.suspects.removeAll { suspect in suspects.contains { $0.letter.id == suspect.letter.id } }
  }

  /// Notes what an error says of a letter that the server has not taken.
  ///
  /// - Throws: the error, when it ends the connection; then the rest is put back.
  private func note(_ error: SMTPError, of letter: Letter, _ course: inout Course) async throws {
    if case .refused(let reply) = error, refused(reply, course.campaign), reply.isPermanent {
      return course.suspects.append((letter, reply))
    }
    let outcome = outcome(of: error, letter)
    if let outcome {
      course.settled.append(.init(id: letter.id, outcome: outcome))
      try await noteBounce(outcome, error, letter)
    }
    if error.leavesConnection { return }
    abandon()
    try await putBack(course.rest(with: outcome == nil ? letter : nil), course)
    throw error
  }

  /// Counts a refusal; whether it may be one of everyone.
  private func refused(_ reply: SMTPReply, _ campaign: Int64) -> Bool {
    guard RefusalStreak.mayBeOfEveryone(reply) else { return false }
    parts.streaks.refused(reply, campaign)
    return true
  }

  /// Writes down; a connection on which a message was begun goes when that fails.
  private func committing(
    _ settled: [SendingQueue.Settled], _ handing: SendingQueue.Handing?
  ) async throws -> Bool {
    do {
      return try await parts.queue.commit(settled, handing: handing, worker: worker, now: now)
    } catch {
      abandon()
      if let handing {
        // It may have been written all the same; but the message is not ended, so it is in no doubt.
        let back = SendingQueue.Settled(id: handing.id, outcome: .postponed(until: now, answer: ""))
        _ = try? await parts.queue.commit([back], handing: nil, worker: worker, now: now)
      }
      throw error
    }
  }

  /// Ends a course: writes down what it came to, and puts back what it did not come to.
  private func putBack(_ letters: [Letter], _ course: Course) async throws {
    // What was announced will not be ended.
    if connection.withLock({ $0?.isEngaged ?? false }) { abandon() }
    var course = course
    // Where others are still to be sent, their answers will tell: once, for a message that is refused again is refused.
    let first = course.suspects.filter { $0.letter.attempts == 0 }
    if !first.isEmpty, parts.streaks.lasts(course.campaign),
      try await parts.queue.hasOthers(than: course.suspects.map(\.letter.id), of: course.campaign)
    {
      putOff(first, of: &course)
    }
    course.close()
    _ = try await committing(course.settled, nil)
    try await parts.queue.release(letters.map(\.id), worker: worker, dueAt: now)
    if course.hasSent { try await parts.queue.flows(course.campaign) }
  }

  /// Waits until the next message of a campaign with a rate may leave. What was settled is not in doubt meanwhile.
  private func waitForTurn(_ course: inout Course) async throws {
    guard let interval = course.interval,
      let slot = try await parts.queue.takeSlot(of: course.campaign, interval: interval, now: now)
    else { return }
    let pause = slot.duration(since: now)
    guard pause > .zero else { return }
    _ = try await committing(course.settled, nil)
    course.settled = []
    try await parts.time.sleep(for: pause)
  }

  // MARK: - The mail server

  private func open(for envelope: SMTPConnection.Envelope) async throws(SMTPError) -> SMTPConnection {
    if let open = connection.withLock({ $0 }), open.isReady(for: envelope) { return open }
    abandon()
    let opened = try await SMTPConnection.open(parts.smtp, group: loop)
    connection.withLock { $0 = opened }
    return opened
  }

  private func abandon() {
    take()?.abandon()
  }

  /// Ends the message that was begun, and announces the next where that need not wait for its turn.
  ///
  /// - Throws: `.notEnded`.
  private func finish(
    _ letter: Letter, on connection: SMTPConnection, _ course: inout Course
  ) async throws(SMTPError) {
    let isNextAtOnce = course.interval == nil && !isStopping.withLock { $0 }
    let next = isNextAtOnce ? course.next?.envelope : nil
    let reply: SMTPReply
    do throws(SMTPError) { reply = try await connection.finish(announcing: next) } catch {
      if case .notEnded = error { throw error }
      abandon()
      return course.settled.append(.init(id: letter.id, outcome: .unknown, language: letter.language))
    }
    if reply.code == 421 { abandon() }
    let outcome = outcome(atEnd: reply, letter, course.campaign)
    course.settled.append(.init(id: letter.id, outcome: outcome, language: letter.language))
    if reply.isDone {
      course.hasSent = true
      course.close()
    }
  }

  /// What the answer to the end of a message says of it.
  private func outcome(
    atEnd reply: SMTPReply, _ letter: Letter, _ campaign: Int64
  ) -> SendingQueue.Outcome {
    if reply.isDone {
      parts.streaks.taken(campaign)
      return .sent
    }
    if refused(reply, campaign), parts.streaks.obstacle(for: campaign) != nil {
      return putOff(letter, reply.description)
    }
    return outcome(of: reply, letter) ?? .unknown
  }

  /// What an error says of the message; nil: nothing.
  private func outcome(of error: SMTPError, _ letter: Letter) -> SendingQueue.Outcome? {
    switch error {
    case .refused(let reply): outcome(of: reply, letter)
    // The server shuts down in the midst of the message, perhaps because of it.
    case .unwelcome(let reply) where reply.code == 421: outcome(of: reply, letter)
    case .unsupported(let why): putOff(letter, why)
    case .notEnded: putOff(letter, "\(error)")
    case .unreachable, .unusable, .broken, .unwelcome, .senderRefused: nil
    }
  }

  private func outcome(of reply: SMTPReply, _ letter: Letter) -> SendingQueue.Outcome? {
    if reply.isPermanent { return .notSent(.refusedByServer, answer: reply.description) }
    return reply.isTemporary ? putOff(letter, reply.description) : nil
  }

  /// Another time, or given up when it was tried often enough.
  private func putOff(_ letter: Letter, _ answer: String) -> SendingQueue.Outcome {
    guard let pause = RetryPlan.pause(afterAttempt: letter.attempts + 1, randomness: parts.randomness) else {
      return .notSent(.refusedByServer, answer: answer)
    }
    return .postponed(until: now.advanced(by: pause), answer: answer)
  }

  /// An address that does not exist rests (RFC 3463 §3.2: X.1.1, X.1.10).
  private func noteBounce(
    _ outcome: SendingQueue.Outcome, _ error: SMTPError, _ letter: Letter
  ) async throws {
    guard case .notSent = outcome, case .refused(let reply) = error, let code = reply.enhancedCode,
      code.subject == 1, [1, 6, 10].contains(code.detail)
    else { return }
    try await parts.refusals.quarantine(
      letter.envelope.recipient.description, entity: letter.entity, now: now)
  }
}

/// When a message that a server put off is tried again (RFC 5321 §4.5.4.1).
enum RetryPlan {
  /// In minutes; a message that was put off oftener is given up, after about a day.
  private static let minutes = [1, 5, 15, 30, 60, 120, 240, 480, 480]

  /// - Parameter attempt: the one that was put off, from 1.
  /// - Returns: nil to give up.
  static func pause(afterAttempt attempt: Int, randomness: any Randomness) -> Duration? {
    guard attempt <= minutes.count else { return nil }
    let pause = Duration.seconds(60 * minutes[attempt - 1])
    return randomness.duration(in: pause...(pause + pause / 5))
  }
}
