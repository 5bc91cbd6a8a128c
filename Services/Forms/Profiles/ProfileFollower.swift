internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Makes the participations of profiles that are gone anonymous, as Profiles tells it.
struct ProfileFollower: LogEffect {
  let forms: FormStore
  let profiles: ProfileDirectory
  let database: Database
  let requests: RequestLedger

  var types: [String] { [InternalV1.ProfileDeleted.descriptor.name, InternalV1.ProfileTableDeleted.descriptor.name] }

  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events {
      switch event.type {
      case InternalV1.ProfileDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileDeleted(decoding: event.body)
        try await forget(
          deleted.profiles.map(Int64.init), of: deleted.profileTable, entity: event.entity, in: transaction)
      case InternalV1.ProfileTableDeleted.descriptor.name:
        let deleted = try InternalV1.ProfileTableDeleted(decoding: event.body)
        try await forget([0], of: deleted.profileTable, entity: event.entity, in: transaction)
      default: break
      }
    }
  }

  /// - Parameter gone: 0 among them: all of the profile table.
  private func forget(
    _ gone: [Int64], of profileTable: Int64, entity: Int64, in transaction: Transaction
  ) async throws {
    let number = SQLValue.int(profileTable)
    let some = SQLValue.intArray(gone.contains(0) ? [] : gone.map(Optional.some))
    try await transaction.execute(
      pipelined: [
        (Tombstones.own, [number]), (Tombstones.sweep, []),
        (Tombstones.insert, [.int(entity), number, .intArray(gone.map(Optional.some))]),
        (Self.dropEnrichments, [number, some]),
      ])
    for profile in gone where profile != 0 {
      try await requests.forget(profile: UInt32(clamping: profile), of: profileTable, in: transaction)
    }
    while try await anonymise([number, some], in: transaction) {}
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

  func rebuild() async throws {
    for form in try await forms.listOnePerProfileTable() {
      var last: Int64 = 0
      while case let known = try await answering(form.profileTable, behind: last), let end = known.last {
        last = end
        let gone = try await missing(known, of: form)
        if gone.isEmpty { continue }
        try await database.transaction(as: .worker) { transaction in
          try await forget(gone, of: form.profileTable, entity: form.entity, in: transaction)
        }
      }
    }
  }

  /// Those of the profiles that Profiles does not know; 0 alone, for all, when it does not know their table.
  private func missing(_ numbers: [Int64], of form: FormDefinition) async throws -> [Int64] {
    do {
      let found = try await profiles.resolve(
        numbers.map { TypeV1.Value(.int64Value($0)) }, by: "", in: form.message.profileTable, entity: form.scope)
      return zip(numbers, found).filter { $0.1 == 0 }.map(\.0)
    } catch let error as RPCError where error.code == .notFound {
      return [0]
    }
  }

  /// Profiles that have answered, by number.
  private func answering(_ profileTable: Int64, behind last: Int64) async throws -> [Int64] {
    try await database.read(Self.answering, [.int(profileTable), .int(last)], as: .worker).map { try $0.int(0) }
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
