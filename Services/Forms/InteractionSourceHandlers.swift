internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers what the timeline asks: which participations a profile has.
struct InteractionSourceHandlers: Sendable {
  /// The list's name in the order of all interactions; it never changes.
  static let source = "forms.participations"

  let forms: FormStore
  let database: Database

  func register(on router: inout Router) {
    router.handle(InternalV1.InteractionSourceService.listProfileInteractions) { try await list($0, $1) }
  }

  private func list(
    _ request: InternalV1.ListProfileInteractionsRequest, _ call: Call
  ) async throws -> InternalV1.ListProfileInteractionsResponse {
    let match = try name(request.profileTable, as: FormsNames.profileTable, field: "profile_table")
    guard let entity = try call.access.entity(named: match.id("entity")) else { throw RPCError.notFound(match.name) }
    guard (1...1_001).contains(request.limit) else { throw RPCError.invalid("limit", "It is 1 to 1,001. Send such.") }
    try await forms.ensureRole(of: entity)
    var query = Query(request)
    try query.read(request)
    let rows = try await database.read(query.statement, query.parameters, as: .entity(entity))
    var response = InternalV1.ListProfileInteractionsResponse()
    response.bound = try rows.first?.int(0).bigEndianBytes ?? request.bound
    if !request.kinds.isEmpty && !request.kinds.contains(.participation) { return response }
    response.interactions = try rows.filter { try !$0.isNull(1) }.map(Self.interaction)
    return response
  }

  private static func interaction(_ row: Row) throws -> InternalV1.SourcedInteraction {
    let record = try ParticipationStore.record(row, from: 1)
    let form = try FormsV1.Form(decoding: row.bytes(9))
    var interaction = InteractionsV1.Interaction()
    interaction.id = "\(source)/\(record.number)"
    interaction.kind = .participation
    interaction.time = record.createTime.message
    interaction.resource = form.name
    interaction.summary = "Answered \(form.displayName.isEmpty ? form.name : form.displayName)"
    interaction.values = record.answers
    var sourced = InternalV1.SourcedInteraction()
    sourced.source = source
    sourced.number = record.number
    sourced.interaction = interaction
    return sourced
  }

  /// The statement and its parameters.
  private struct Query {
    private(set) var parameters: [SQLValue] = []
    private var conditions = ""
    private let bound: String
    private let limit: String

    // The bound is the highest number of the profile's participations: whatever is recorded later has a higher one. That of
    // all would be sought behind whatever other entities have recorded since; the offset keeps PostgreSQL from seeking it
    // there all the same.
    init(_ request: InternalV1.ListProfileInteractionsRequest) {
      var parameters: [SQLValue] = [
        .int(request.profileTableNumber), .int(Int64(request.profile)), .int(Int64(request.limit)),
      ]
      limit = "$3::bigint"
      if let number = Int64(bigEndianBytes: request.bound) {
        parameters.append(.int(number))
        bound = "$4::bigint"
      } else {
        bound = """
          COALESCE((
            SELECT max(number)
            FROM (
              SELECT number FROM participations
              WHERE profile_table = $1::bigint AND profile = $2::bigint
              OFFSET 0
            ) AS own), 0)
          """
      }
      self.parameters = parameters
    }

    mutating func read(_ request: InternalV1.ListProfileInteractionsRequest) throws {
      if let start = try moment(request.startTime, field: "start_time") { add("created_at >=", start) }
      if let end = try moment(request.endTime, field: "end_time") { add("created_at <", end) }
      guard let after = request.after else { return }
      let edge = try Timestamp(microsecondsSinceEpoch: after.time)
      if InteractionSourceHandlers.source == after.source {
        add("(one.created_at, one.number) < (\(parameter(.timestamp(edge), "timestamptz")),", .int(after.number), ")")
      } else {
        add(InteractionSourceHandlers.source > after.source ? "created_at <=" : "created_at <", edge)
      }
    }

    private mutating func add(_ condition: String, _ bound: Timestamp) {
      conditions += " AND one.\(condition) \(parameter(.timestamp(bound), "timestamptz"))"
    }

    private mutating func add(_ condition: String, _ value: SQLValue, _ end: String) {
      conditions += " AND \(condition) \(parameter(value, "bigint"))\(end)"
    }

    private mutating func parameter(_ value: SQLValue, _ type: String) -> String {
      parameters.append(value)
      return "$\(parameters.count)::\(type)"
    }

    var statement: Statement {
      Statement(
        name: "participations.timeline",
        sql: """
          SELECT bound.number, found.*
          FROM (SELECT \(bound) AS number) AS bound
          LEFT JOIN LATERAL (
            SELECT one.number, one.form, one.profile, one.source, one.answers, one.edits,
              one.created_at, one.updated_at, forms.definition
            FROM participations AS one
            JOIN forms ON forms.number = one.form
            WHERE one.profile_table = $1::bigint AND one.profile = $2::bigint
              AND one.number <= bound.number\(conditions)
            ORDER BY one.created_at DESC, one.number DESC
            LIMIT \(limit)
          ) AS found ON true
          """)
    }
  }
}
