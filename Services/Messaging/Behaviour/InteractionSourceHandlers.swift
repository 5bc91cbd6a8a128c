internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers for the timeline what happened between Messaging and a profile.
struct InteractionSourceHandlers: Sendable {
  let database: Database
  let roles: EntityRoles

  func register(on router: inout Router) {
    router.handle(InternalV1.InteractionSourceService.listProfileInteractions) { try await list($0, $1) }
  }

  /// One list: its name for all time, its table, and what a row of it says.
  struct Source: Sendable {
    let name: String
    let kind: InteractionsV1.InteractionKind
    let table: String
    let time: String
    /// Two columns: a text and a number.
    let columns: String
    /// Nil: messages.
    let behaviour: Behaviour?

    static let messages = Source(
      name: "messaging.messages", kind: .message, table: "messages", time: "settled_at",
      columns: "found.language, found.state * 100 + found.reason", behaviour: nil)

    static func behaviour(_ behaviour: Behaviour) -> Source {
      Source(
        name: "messaging.\(behaviour.table)", kind: behaviour.kind, table: behaviour.table, time: "happened_at",
        columns: behaviour.detail, behaviour: behaviour)
    }
  }

  /// All lists, by name.
  static let sources = ([.messages] + Behaviour.allCases.map(Source.behaviour)).sorted { $0.name < $1.name }

  private func list(
    _ request: InternalV1.ListProfileInteractionsRequest, _ call: Call
  ) async throws -> InternalV1.ListProfileInteractionsResponse {
    let match = try name(request.profileTable, as: MessagingNames.profileTable, field: "profile_table")
    guard let entity = try call.access.entity(named: match.id("entity")) else { throw RPCError.notFound(match.name) }
    guard (1...1_001).contains(request.limit) else { throw RPCError.invalid("limit", "It is 1 to 1,001. Send such.") }
    try await roles.ensure(entity)
    let bounds = try await bounds(request, entity: entity)
    var found: [InternalV1.SourcedInteraction] = []
    for (source, bound) in zip(Self.sources, bounds) {
      guard request.kinds.isEmpty || request.kinds.contains(source.kind) else { continue }
      let statement = try Self.statement(source, request, bound: bound)
      let rows = try await database.read(statement.0, statement.1, as: .entity(entity))
      found += try rows.map { try Self.interaction($0, source, entity: match.id("entity")) }
    }
    var response = InternalV1.ListProfileInteractionsResponse()
    response.interactions = Array(try found.sorted(by: Self.isBefore).prefix(Int(request.limit)))
    response.bound = bounds.flatMap(\.bigEndianBytes)
    return response
  }

  /// The profile's highest number of each list when the listing began: what is recorded later stays out of it. A message gets
  /// its time when it is settled, which is later than every page before.
  private func bounds(
    _ request: InternalV1.ListProfileInteractionsRequest, entity: Int64
  ) async throws -> [Int64] {
    let bound = request.bound
    if bound.count == Self.sources.count * 8 {
      return (0..<Self.sources.count).compactMap { Int64(bigEndianBytes: Array(bound[($0 * 8)..<($0 * 8 + 8)])) }
    }
    guard bound.isEmpty else {
      throw RPCError.invalid("bound", "It is of another form. Send what the first page said.")
    }
    let row = try await database.read(
      Self.highest, [.int(request.profileTableNumber), .int(Int64(request.profile))], as: .entity(entity)
    ).first
    return try (0..<Self.sources.count).map { try row?.int($0) ?? 0 }
  }

  // Of the profile alone: the highest of all would be sought behind whatever other entities have recorded since. The offset
  // keeps PostgreSQL from seeking it there all the same.
  private static let highest = Statement(
    name: "interactions.highest",
    sql: "SELECT "
      + sources.map { source in
        """
        COALESCE((
          SELECT max(id)
          FROM (
            SELECT id FROM \(source.table)
            WHERE profile_table = $1 AND profile = $2 AND profile <> 0
            OFFSET 0
          ) AS own), 0)
        """
      }.joined(separator: ", "))

  private static func statement(
    _ source: Source, _ request: InternalV1.ListProfileInteractionsRequest, bound: Int64
  ) throws -> (Statement, [SQLValue]) {
    var parameters: [SQLValue] = [
      .int(request.profileTableNumber), .int(Int64(request.profile)), .int(Int64(request.limit)), .int(bound),
    ]
    var conditions = ""
    func add(_ sign: String, _ moment: Timestamp) {
      parameters.append(.timestamp(moment))
      conditions += " AND found.\(source.time) \(sign) $\(parameters.count)::timestamptz"
    }
    if let start = request.startTime { add(">=", try Timestamp(start)) }
    if let end = request.endTime { add("<", try Timestamp(end)) }
    if let after = request.after {
      let moment = try Timestamp(microsecondsSinceEpoch: after.time)
      if source.name == after.source {
        parameters += [.timestamp(moment), .int(after.number)]
        conditions +=
          " AND (found.\(source.time), found.id) < ($\(parameters.count - 1)::timestamptz, $\(parameters.count)::bigint)"
      } else {
        add(source.name > after.source ? "<=" : "<", moment)
      }
    }
    let sql = """
      SELECT found.id, found.\(source.time), campaigns.id, detail.text, detail.number
      FROM \(source.table) AS found
      JOIN campaigns ON campaigns.number = found.campaign
      CROSS JOIN LATERAL (SELECT \(source.columns)) AS detail (text, number)
      WHERE found.profile_table = $1 AND found.profile = $2 AND found.profile <> 0 AND found.id <= $4
        AND found.\(source.time) IS NOT NULL\(conditions)
      ORDER BY found.\(source.time) DESC, found.id DESC
      LIMIT $3
      """
    return (Statement(name: "interactions.\(source.table)", sql: sql), parameters)
  }

  private static func interaction(
    _ row: Row, _ source: Source, entity: String
  ) throws -> InternalV1.SourcedInteraction {
    let (number, time, campaign) = (try row.int(0), try row.timestamp(1), try row.text(2))
    var interaction = InteractionsV1.Interaction()
    interaction.id = "\(source.name)/\(number)"
    interaction.kind = source.kind
    interaction.time = time.message
    interaction.resource = "entities/\(entity)/campaigns/\(campaign)"
    let (text, detail) = (try row.text(3), try row.int(4))
    if let behaviour = source.behaviour {
      behaviour.describe(&interaction, campaign: campaign, text: text, number: detail)
    } else {
      describe(&interaction, campaign, language: text, detail)
    }
    var sourced = InternalV1.SourcedInteraction()
    sourced.source = source.name
    sourced.number = number
    sourced.interaction = interaction
    return sourced
  }

  private static func describe(
    _ interaction: inout InteractionsV1.Interaction, _ campaign: String, language: String, _ detail: Int64
  ) {
    let state = MessagingV1.MessageState(rawValue: Int32(clamping: detail / 100))
    let reason = MessagingV1.NotSentReason(rawValue: Int32(clamping: detail % 100))
    let word = "\(state)".replacing("MESSAGE_STATE_", with: "")
    interaction.values["state"] = TypeV1.Value(.stringValue(word))
    if !language.isEmpty { interaction.values["language"] = TypeV1.Value(.stringValue(language)) }
    switch state {
    case .sent: interaction.summary = "Received \(campaign)"
    case .notSent:
      let why = "\(reason)".replacing("NOT_SENT_REASON_", with: "")
      interaction.values["reason"] = TypeV1.Value(.stringValue(why))
      interaction.summary = "\(campaign) was not sent: \(why.lowercased().replacing("_", with: " "))"
    default: interaction.summary = "\(campaign) may have been received"
    }
  }

  private static func isBefore(
    _ left: InternalV1.SourcedInteraction, _ right: InternalV1.SourcedInteraction
  ) throws -> Bool {
    let one = try Timestamp(left.interaction?.time ?? .init())
    let two = try Timestamp(right.interaction?.time ?? .init())
    if one != two { return one > two }
    return left.source == right.source ? left.number > right.number : left.source < right.source
  }
}
