internal import Crypto
internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers on their way, checked against the form as it was read.
struct Submission: Sendable {
  let form: FormDefinition
  /// Nil: anonymous.
  let profile: UInt32?
  /// Those that count.
  let answers: Answers
  let source: FormsV1.ParticipationSource
  /// Drawn with the page that was sent; nil where there was no page.
  let submission: String?

  /// Tells what is sent twice: the same answers of the same page. Other answers of that page, as after going back in the
  /// browser, are another submission.
  fileprivate var fingerprint: String? {
    get throws {
      guard let submission else { return nil }
      var message = FormsV1.Participation()
      message.answers = answers
      let bytes = Array(submission.utf8) + [0] + (try message.encoded())
      return Base64URL.encode(Array(SHA256.hash(data: bytes).prefix(16)))
    }
  }
}

/// Records participations: the answers, their event and what they write into the profile, in one transaction.
struct ParticipationWriter: Sendable {
  /// What came of recording.
  enum Outcome: Sendable {
    /// With the number of the participation.
    case created(Int64)
    case changed(Int64)
    /// The same was sent before.
    case repeated(Int64)
    /// Once and for good.
    case alreadyAnswered
    /// The form is not published, not open, or has as many participations as it may.
    case notOpen
    /// The form's definition is not the one that the answers were checked against.
    case outdated
    /// The profile or the form is gone.
    case gone
  }

  let database: Database
  let time: any TimeSource
  /// Wakes whoever writes into profiles.
  let wakeUp: WakeUp

  /// Records answers of a page.
  func record(_ submission: Submission) async throws -> Outcome {
    let outcome = try await database.transaction(as: .entity(submission.form.entity)) { transaction in
      try await record(submission, in: transaction)
    }
    wakeUp.wakeAll()
    return outcome
  }

  /// Records answers in a transaction of the entity's role.
  func record(_ sent: Submission, in transaction: Transaction) async throws -> Outcome {
    if let profile = sent.profile {
      let table = SQLValue.int(sent.form.profileTable)
      let found = try await transaction.execute(
        pipelined: [
          (Tombstones.ofParticipations.share, [table]),
          (Self.turn, [.int(sent.form.number), .int(Int64(profile))]),
          (Tombstones.find, [table, .intArray([Int64(profile)])]),
        ])
      if found.last?.isEmpty == false { return .gone }
    }
    let most = sent.form.message.maxParticipations
    guard let form = try await FormStore.lock(number: sent.form.number, alone: most > 0, in: transaction) else {
      return .gone
    }
    guard form.isOpen(at: time.now) else { return .notOpen }
    guard form.message.version == sent.form.message.version else { return .outdated }
    if form.message.policy != .several, let profile = sent.profile,
      let known = try await find(profile, of: form, in: transaction)
    {
      if form.message.policy == .onceFinal { return .alreadyAnswered }
      return try await change(known, sent, in: transaction)
    }
    if let earlier = try await earlier(sent, in: transaction) { return earlier }
    if most > 0, try await !takePlace(in: form, most: most, in: transaction) { return .notOpen }
    return try await create(sent, in: transaction)
  }

  // Taken one after the other by those who answer for the same profile, so that one of them makes the participation.
  // The key of 64 bits is apart from the pairs of numbers that tombstones use.
  private static let turn = Statement(
    name: "participations.turn",
    sql: "SELECT pg_advisory_xact_lock(hashtextextended('forms ' || $1::bigint || ' ' || $2::bigint, 0))")

  // MARK: - Looking

  /// The participation that the same page made before.
  private func earlier(_ sent: Submission, in transaction: Transaction) async throws -> Outcome? {
    guard let fingerprint = try sent.fingerprint else { return nil }
    let rows = try await transaction.execute(Self.bySubmission, [.int(sent.form.number), .text(fingerprint)])
    return try rows.first.map { .repeated(try $0.int(0)) }
  }

  private static let bySubmission = Statement(
    name: "participations.bySubmission",
    sql: "SELECT number FROM participations WHERE form = $1 AND submission = $2")

  private func find(
    _ profile: UInt32, of form: FormDefinition, in transaction: Transaction
  ) async throws -> ParticipationRecord? {
    try await transaction.execute(
      Self.newest, [.int(form.number), .int(form.profileTable), .int(Int64(profile))]
    ).first.map { try ParticipationStore.record($0) }
  }

  private static let newest = Statement(
    name: "participations.newest",
    sql: """
      SELECT \(ParticipationStore.columns)
      FROM participations
      WHERE form = $1 AND profile_table = $2 AND profile = $3
      ORDER BY number DESC
      LIMIT 1
      FOR UPDATE
      """)

  /// Counts one more participation in a form that this transaction has alone.
  ///
  /// - Returns: false when it has as many as it may.
  private func takePlace(in form: FormDefinition, most: Int64, in transaction: Transaction) async throws -> Bool {
    let parameters: [SQLValue] = [.int(form.number), .int(most)]
    let rows = try await transaction.execute(pipelined: [(Self.countOnce, parameters), (Self.countOneMore, parameters)])
    return rows.last?.isEmpty == false
  }

  // Those from before the definition was last written: nobody counts them where there is no limit.
  private static let countOnce = Statement(
    name: "participations.countOnce",
    sql: """
      UPDATE forms
      SET participations = (SELECT count(*) FROM (SELECT FROM participations WHERE form = $1 LIMIT $2) AS counted)
      WHERE number = $1 AND participations IS NULL
      """)

  private static let countOneMore = Statement(
    name: "participations.countOneMore",
    sql: """
      UPDATE forms
      SET participations = participations + 1
      WHERE number = $1 AND participations < $2
      RETURNING participations
      """)

  // MARK: - Writing

  private func create(_ sent: Submission, in transaction: Transaction) async throws -> Outcome {
    let rows = try await transaction.execute(
      Self.insert,
      [
        .int(sent.form.entity), .int(sent.form.number), .int(sent.form.profileTable),
        .optional(sent.profile.map(Int64.init)), .int(Int64(sent.source.rawValue)),
        ParticipationStore.bytes(of: sent.answers), .optional(sent.fingerprint), .timestamp(time.now),
      ])
    // The same page, sent twice at once.
    guard let number = try rows.first?.int(0) else {
      return try await earlier(sent, in: transaction) ?? .outdated
    }
    try await finish(number, edits: 0, sent, in: transaction)
    return .created(number)
  }

  private static let insert = Statement(
    name: "participations.insert",
    sql: """
      INSERT INTO participations
        (entity, form, profile_table, profile, source, answers, submission, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
      ON CONFLICT (form, submission) DO NOTHING
      RETURNING number
      """)

  private func change(
    _ known: ParticipationRecord, _ sent: Submission, in transaction: Transaction
  ) async throws -> Outcome {
    if known.answers == sent.answers { return .repeated(known.number) }
    let rows = try await transaction.execute(
      Self.update,
      [
        .int(known.number), ParticipationStore.bytes(of: sent.answers), .timestamp(time.now),
      ])
    try await finish(known.number, edits: Int32(rows.first?.int(0) ?? 0), sent, in: transaction)
    return .changed(known.number)
  }

  private static let update = Statement(
    name: "participations.update",
    sql: """
      UPDATE participations
      SET answers = $2, updated_at = $3, edits = edits + 1
      WHERE number = $1
      RETURNING edits
      """)

  private func finish(
    _ number: Int64, edits: Int32, _ sent: Submission, in transaction: Transaction
  ) async throws {
    try await EnrichmentStore.insert(
      Enrichment(of: sent, participation: number, edits: edits), due: time.now, in: transaction)
    try await Log.append([event(number, isNew: edits == 0, sent)], in: transaction)
  }

  private func event(_ number: Int64, isNew: Bool, _ sent: Submission) throws -> LogEntry {
    var event = InternalV1.ParticipationRecorded()
    event.participation = "\(sent.form.message.name)/participations/\(number)"
    event.profile = sent.profile ?? 0
    event.created = isNew
    guard let profile = sent.profile else { return try LogEntry(event, entity: sent.form.entity) }
    return try LogEntry(
      event, entity: sent.form.entity, profileTable: sent.form.profileTable, profile: profile)
  }
}
