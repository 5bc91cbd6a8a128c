internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables
internal import Values

/// A participation as it is kept.
struct ParticipationRecord: Sendable {
  /// Within the licence, never used again.
  let number: Int64
  let form: Int64
  /// Nil: anonymous.
  let profile: UInt32?
  let source: FormsV1.ParticipationSource
  let answers: Answers
  let edits: Int32
  let createTime: Timestamp
  let updateTime: Timestamp

  /// As callers see it.
  func message(of form: FormDefinition) -> FormsV1.Participation {
    var message = FormsV1.Participation()
    message.name = "\(form.message.name)/participations/\(number)"
    message.profile = profile.map { "\(form.message.profileTable)/profiles/\($0)" } ?? ""
    message.answers = answers
    message.source = source
    message.createTime = createTime.message
    message.updateTime = updateTime.message
    message.edits = edits
    return message
  }
}

/// Reads participations.
struct ParticipationStore: Sendable {
  let database: Database

  /// A form's participation, or nil where it has none of this number.
  func find(_ number: Int64, of form: FormDefinition) async throws -> ParticipationRecord? {
    try await database.read(Self.byNumber, [.int(form.number), .int(number)], as: .entity(form.entity))
      .first.map { try Self.record($0) }
  }

  private static let byNumber = Statement(
    name: "participations.find",
    sql: """
      SELECT \(columns)
      FROM participations
      WHERE form = $1 AND number = $2
      """)

  /// A form's participations, newest first.
  ///
  /// - Parameters:
  ///   - profile: whose; nil: everybody's.
  ///   - before: only those with a lower number.
  func list(
    of form: FormDefinition, profile: UInt32?, before: Int64, limit: Int
  ) async throws -> [ParticipationRecord] {
    let statement = profile == nil ? Self.inOrder : Self.ofProfile
    var parameters: [SQLValue] = [.int(form.number), .int(before), .int(Int64(limit))]
    if let profile { parameters += [.int(form.profileTable), .int(Int64(profile))] }
    return try await database.read(statement, parameters, as: .entity(form.entity)).map { try Self.record($0) }
  }

  private static let inOrder = Statement(
    name: "participations.list",
    sql: """
      SELECT \(columns)
      FROM participations
      WHERE form = $1 AND number < $2
      ORDER BY number DESC
      LIMIT $3
      """)

  private static let ofProfile = Statement(
    name: "participations.ofProfile",
    sql: """
      SELECT \(columns)
      FROM participations
      WHERE form = $1 AND number < $2 AND profile_table = $4 AND profile = $5
      ORDER BY number DESC
      LIMIT $3
      """)

  /// The profile's newest participation in a form.
  func latest(of form: FormDefinition, profile: UInt32) async throws -> ParticipationRecord? {
    try await list(of: form, profile: profile, before: .max, limit: 1).first
  }

  static let columns = "number, form, profile, source, answers, edits, created_at, updated_at"

  static func record(_ row: Row, from first: Int = 0) throws -> ParticipationRecord {
    try ParticipationRecord(
      number: row.int(first), form: row.int(first + 1),
      profile: row.optionalInt(first + 2).map { UInt32(clamping: $0) },
      source: FormsV1.ParticipationSource(rawValue: Int32(row.int(first + 3))),
      answers: FormsV1.Participation(decoding: row.bytes(first + 4)).answers, edits: Int32(row.int(first + 5)),
      createTime: row.timestamp(first + 6), updateTime: row.timestamp(first + 7))
  }

  /// The bytes that answers are kept as.
  static func bytes(of answers: Answers) throws -> SQLValue {
    var message = FormsV1.Participation()
    message.answers = answers
    return .bytes(try message.encoded())
  }
}
