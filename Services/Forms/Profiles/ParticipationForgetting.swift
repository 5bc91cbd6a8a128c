internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables

/// Makes the participations of profiles that are gone anonymous.
struct ParticipationForgetting: ProfileForgetting {
  let forms: FormStore
  let profiles: ProfileDirectory
  let database: Database
  let requests: RequestLedger

  func forget(_ gone: GoneProfiles, in transaction: Transaction) async throws {
    // The statements take none for all of the table.
    let parameters: [SQLValue] = [.int(gone.profileTable), .intArray(gone.numbers ?? [])]
    try await transaction.execute(Self.dropEnrichments, parameters)
    if let numbers = gone.numbers {
      try await requests.forget(
        profiles: numbers.map { UInt32(clamping: $0) }, of: gone.profileTable, in: transaction)
    }
    while try await anonymise(parameters, in: transaction) {}
  }

  private static let dropEnrichments = Statement(
    name: "participations.dropEnrichments",
    sql: """
      DELETE FROM enrichments
      WHERE profile_table = $1 AND (profile = ANY ($2::bigint[]) OR cardinality($2::bigint[]) = 0)
      """)

  // MARK: - Anonymity

  /// The most participations that are held at once.
  private static let batch = 1_000

  /// - Returns: whether there may be more.
  private func anonymise(_ parameters: [SQLValue], in transaction: Transaction) async throws -> Bool {
    let records = try await transaction.execute(Self.some, parameters).map { try ParticipationStore.record($0) }
    if records.isEmpty { return false }
    let known = try await FormStore.find(numbers: Array(Set(records.map(\.form))), in: transaction)
    let kept = try records.map { record in
      try ParticipationStore.bytes(of: record.answers.anonymous(in: known[record.form]?.message))
    }
    try await transaction.execute(
      Self.clear,
      [
        .intArray(records.map(\.number)),
        .bytesArray(kept.map { if case .bytes(let bytes) = $0 { bytes } else { [] } }),
      ])
    return records.count == Self.batch
  }

  private static let some = Statement(
    name: "participations.ofGone",
    sql: """
      SELECT \(ParticipationStore.columns)
      FROM participations
      WHERE profile_table = $1 AND profile IS NOT NULL
        AND (profile = ANY ($2::bigint[]) OR cardinality($2::bigint[]) = 0)
      LIMIT \(batch)
      """)

  private static let clear = Statement(
    name: "participations.anonymise",
    sql: """
      UPDATE participations
      SET profile = NULL, submission = NULL, answers = kept.answers
      FROM unnest($1::bigint[], $2::bytea[]) AS kept (number, answers)
      WHERE participations.number = kept.number
      """)

  // MARK: - After a gap

  /// The most profiles that are asked for at once.
  private static let asked = 10_000

  func places() async throws -> [FormDefinition] {
    try await forms.listOnePerProfileTable()
  }

  func resolve(_ keys: [TypeV1.Value], in form: FormDefinition) async throws -> [UInt32] {
    try await profiles.resolve(keys, by: "", in: form.message.profileTable, entity: form.scope)
  }

  func profiles(in form: FormDefinition, behind last: Int64) async throws -> [Int64] {
    try await database.read(Self.answering, [.int(form.profileTable), .int(last)], as: .worker).map { try $0.int(0) }
  }

  private static let answering = Statement(
    name: "participations.profiles",
    sql: """
      SELECT DISTINCT profile
      FROM participations
      WHERE profile_table = $1 AND profile > $2
      ORDER BY profile
      LIMIT \(asked)
      """)
}

extension FormDefinition: ProfilePlace {}

extension Tombstones {
  /// Those that whoever records participations heeds.
  static let ofParticipations = Tombstones(lockSpace: 7_301)
}

extension Answers {
  /// Those that tell nothing of who gave them: what was chosen, rated and consented to. Whatever was written goes.
  fileprivate func anonymous(in form: FormsV1.Form?) -> Answers {
    filter { id, _ in
      switch form?.question(id)?.kind {
      case .choice, .rating, .consent: true
      default: false
      }
    }
  }
}
