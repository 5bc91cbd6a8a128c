internal import Database
internal import Messages
internal import Values

extension SendingQueue {
  /// What became of a message.
  enum Outcome: Sendable, Hashable {
    case sent
    case notSent(MessagingV1.NotSentReason, answer: String = "")
    /// To be tried again, later.
    case postponed(until: Timestamp, answer: String)
    case unknown
  }

  struct Settled: Sendable, Hashable {
    let id: Int64
    let outcome: Outcome
    /// In which it was handed over.
    var language = ""
  }

  /// A message that is about to be handed over.
  struct Handing: Sendable, Hashable {
    let id: Int64
    let language: String
  }

  /// Writes down in one transaction what became of messages, and that another is being handed over. Those of several
  /// callers may be one.
  ///
  /// - Returns: whether that other may be handed over: not when its campaign was paused or cancelled, its profile deleted,
  ///   or its worker given up meanwhile.
  func commit(
    _ settled: [Settled], handing: Handing?, worker: Int64, now: Timestamp
  ) async throws -> Bool {
    if settled.isEmpty && handing == nil { return false }
    return try await commits.run(Note(settled: settled, handing: handing, worker: worker, now: now))
  }

  /// What one caller has to write down.
  struct Note: Sendable {
    let settled: [Settled]
    let handing: Handing?
    let worker: Int64
    let now: Timestamp
  }
}

extension SendingQueue.Note: GroupedWork {
  /// What is alike is one statement, for however many messages: most have been sent.
  static func statements(for notes: [Self]) -> [(Statement, [SQLValue])] {
    var settled: [Settlement: [Int64]] = [:]
    var handed: [Handover: [Int64]] = [:]
    for note in notes {
      for message in note.settled {
        let settlement = Settlement(outcome: message.outcome, language: message.language, worker: note.worker)
        settled[settlement, default: []].append(message.id)
      }
      if let handing = note.handing {
        handed[Handover(language: handing.language, worker: note.worker), default: []].append(handing.id)
      }
    }
    // None is settled before it was done.
    let now = notes.map(\.now).max() ?? .epoch
    return settled.map { $0.statement(for: $1, now) } + handed.map { $0.statement(for: $1) }
  }

  /// Those may be handed over that the statements say.
  static func outcomes(of notes: [Self], _ rows: [[Row]]) throws -> [Bool] {
    let ids = Set(try rows.joined().map { try $0.int(0) })
    return notes.map { note in note.handing.map { ids.contains($0.id) } ?? false }
  }

  private struct Handover: Hashable {
    let language: String
    let worker: Int64

    func statement(for ids: [Int64]) -> (Statement, [SQLValue]) {
      (hand, [.messages(ids), .int(worker), .text(language)])
    }
  }

  private struct Settlement: Hashable {
    let outcome: SendingQueue.Outcome
    let language: String
    let worker: Int64

    func statement(for ids: [Int64], _ now: Timestamp) -> (Statement, [SQLValue]) {
      let common: [SQLValue] = [.messages(ids), .int(worker), .timestamp(now)]
      return switch outcome {
      case .sent: (settle, common + state(.sent))
      case .unknown: (settle, common + state(.unknown))
      case .notSent(let reason, let answer): (settle, common + state(.notSent, reason, answer))
      case .postponed(let until, let answer): (postpone, common + [.timestamp(until), .text(answer)])
      }
    }

    private func state(
      _ state: MessagingV1.MessageState, _ reason: MessagingV1.NotSentReason = .unspecified, _ answer: String = ""
    ) -> [SQLValue] {
      [.int(Int64(state.rawValue)), .int(Int64(reason.rawValue)), .text(answer), .text(language)]
    }
  }
}

extension SQLValue {
  /// In order, so that whoever else locks some of them waits for us or we for it.
  fileprivate static func messages(_ ids: [Int64]) -> SQLValue { .intArray(ids.sorted()) }
}

// Messages and what is in hand are found by their numbers alone. Another condition that has an index, such as `state = 1`,
// might be taken for the better way to them while there are few, and the plan is kept when there are millions.

// What was in hand is so no more.
private let mine = """
  mine AS (
    DELETE FROM in_hand
    WHERE message = ANY ($1::bigint[]) AND worker = $2
    RETURNING message)
  """

// Among these a message that was given up as unknown is settled by the answer that comes after all; one that was cancelled
// or whose profile went before it left stays as it is.
private let isOpen = """
  (messages.id IN (SELECT message FROM mine) AND messages.state = \(message: .waiting)
    OR messages.state = \(message: .unknown) AND messages.worker = $2)
  """

// The values of a call go with a message that never will have a web version.
private let settle = Statement(
  name: "sending.settle",
  sql: """
    WITH \(mine)
    UPDATE messages
    SET state = $4::smallint, reason = $5::smallint, server_answer = CASE WHEN profile = 0 THEN '' ELSE $6 END,
      language = CASE WHEN profile = 0 THEN '' ELSE $7 END,
      settled_at = $3::timestamptz, accepted_at = CASE WHEN $4::smallint = \(message: .sent) THEN $3::timestamptz END,
      call_values = CASE WHEN $4::smallint = \(message: .notSent) THEN NULL ELSE call_values END,
      profile = CASE WHEN $5::smallint = \(reason: .profileGone) THEN 0 ELSE profile END
    WHERE id = ANY ($1::bigint[]) AND \(isOpen)
    """)

// Not again where the profile has gone or the campaign was cancelled or completed while it was being handed over.
private let postpone = Statement(
  name: "sending.postpone",
  sql: """
    WITH \(mine)
    UPDATE messages
    SET state = CASE WHEN over.reason = 0 THEN \(message: .waiting) ELSE \(message: .notSent) END,
      reason = over.reason, settled_at = CASE WHEN over.reason <> 0 THEN $3::timestamptz END, attempts = attempts + 1,
      due_at = $4::timestamptz, server_answer = CASE WHEN profile = 0 THEN '' ELSE $5 END
    FROM (
      SELECT messages.id,
        CASE
          WHEN messages.profile = 0 THEN \(reason: .profileGone)
          WHEN campaigns.state = \(campaign: .cancelled) THEN \(reason: .cancelled)
          -- It was given up as unknown, and nothing else waited.
          WHEN campaigns.state = \(campaign: .completed) THEN \(reason: .refusedByServer)
          ELSE 0
        END AS reason
      FROM messages
      JOIN campaigns ON campaigns.number = messages.campaign
      WHERE messages.id = ANY ($1::bigint[])
      -- Against a cancellation that would miss this message.
      FOR SHARE OF campaigns
    ) AS over
    WHERE messages.id = over.id AND \(isOpen)
    """)

// Where it has been said already, it was by this worker, which does not know whether that was written. The message and its
// campaign are locked against those who settle what is not being handed over: they see that it is, or it is not.
private let hand = Statement(
  name: "sending.hand",
  sql: """
    UPDATE in_hand
    SET is_handing = true, language = $3
    WHERE message = ANY ($1::bigint[]) AND worker = $2
      AND (
        SELECT state = \(message: .waiting) AND profile <> 0
          AND (SELECT state = \(campaign: .active) FROM campaigns WHERE number = messages.campaign FOR SHARE)
        FROM messages
        WHERE id = in_hand.message
        FOR SHARE)
    RETURNING message
    """)
