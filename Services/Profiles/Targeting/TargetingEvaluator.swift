internal import Database
internal import Messages
internal import Populations
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Finds out who is in a targeting.
///
/// Each criterion is answered by who keeps what it asks about, as a set of profiles: DataTables first, the profiles' own
/// table last, in one snapshot with who is living. Nothing but the living remains, and only here is complemented.
struct TargetingEvaluator: Sendable {
  let database: Database
  let repositories: RepositoryDirectory
  let time: any TimeSource

  /// How long the passes over the profiles may take.
  private static let timeout = Duration.seconds(60)

  /// Who is in a targeting.
  struct Evaluation: Sendable {
    /// The limit applied.
    let population: Population
    /// How many meet each criterion by itself, in the order of the tree.
    let counts: [(place: String, count: Int)]
    /// What was committed by then is in it.
    let readTime: Timestamp
  }

  /// Where the evaluation happens.
  struct Setting: Sendable {
    let table: ProfileTableDefinition
    let scope: Principal.Entity
    let deadline: Deadline?

    var zone: Zone { Zone(scope.timeZone) ?? .utc }
  }

  /// One criterion of a plan.
  private struct Leaf: Hashable {
    let part: Int
    let node: Int
  }

  // MARK: - Evaluating

  /// - Throws: ``RPCError`` naming the criterion at fault.
  func evaluate(_ plan: TargetingPlan, in setting: Setting) async throws -> Evaluation {
    let now = time.now
    let rows = try await answersOverRows(plan, in: setting, now: now)
    var query = ProfileQuery(table: setting.table, now: now, zone: setting.zone)
    let places = try await add(plan, to: &query, in: setting, now: now)
    let (living, met) = try await answer(query, in: setting)

    var populations: [Population] = []
    var last: [Population] = []
    for (index, part) in plan.parts.enumerated() {
      last = Self.combine(part.tree, living: living) { node, kind in
        let leaf = Leaf(part: index, node: node)
        if case .targeting(let name) = kind { return plan.places[name].map { populations[$0] } ?? .empty }
        if let place = places[leaf] { return met[place] }
        return rows[leaf]?.population(among: living) ?? .empty
      }
      populations.append(try await limit(last.first ?? living, part, in: setting))
    }
    let counts = zip(plan.parts.last?.tree.nodes ?? [], last).map { (place: $0.place, count: $1.count) }
    return Evaluation(population: populations.last ?? .empty, counts: counts, readTime: now)
  }

  /// The population of each criterion of a tree, among the living.
  private static func combine(
    _ tree: CriteriaTree, living: Population, leaf: (Int, CriteriaTree.Kind) -> Population
  ) -> [Population] {
    var found = [Population](repeating: .empty, count: tree.nodes.count)
    for (index, node) in tree.nodes.enumerated().reversed() {
      switch node.kind {
      case .all(let parts): found[index] = Population.intersection(of: parts.map { found[$0] }) ?? living
      case .any(let parts): found[index] = Population.union(of: parts.map { found[$0] })
      case .not(let part): found[index] = living.subtracting(found[part])
      default: found[index] = leaf(index, node.kind).intersection(living)
      }
    }
    return found
  }

  private func answer(
    _ query: ProfileQuery, in setting: Setting
  ) async throws -> (living: Population, met: [Population]) {
    let passes = query.passes
    return try await database.transaction(
      as: .entity(setting.table.entity), isolation: .repeatableRead, readOnly: true, timeout: Self.timeout
    ) { transaction in
      var all: (living: Population, met: [Population]) = (.empty, [])
      for pass in passes {
        let answers = try pass.answers(in: try await transaction.execute(pass.statement, pass.parameters))
        all = (answers.living, all.met + answers.met)
      }
      return all
    }
  }

  /// Adds what is asked of the profiles' own table; gives each criterion's place among the answers.
  private func add(
    _ plan: TargetingPlan, to query: inout ProfileQuery, in setting: Setting, now: Timestamp
  ) async throws -> [Leaf: Int] {
    var places: [Leaf: Int] = [:]
    for (partIndex, part) in plan.parts.enumerated() {
      for (index, node) in part.tree.nodes.enumerated() {
        let leaf = Leaf(part: partIndex, node: index)
        switch node.kind {
        case .field(let criterion):
          do throws(FieldFault) {
            places[leaf] = try query.add(
              criterion, at: "\(node.path).field", checksAccepted: part.origin == .draft)
          } catch { throw part.origin.refusal(error) }
        case .reference(let criterion):
          let (field, keys, isComplement) = try await referredKeys(
            criterion, at: "\(node.path).reference", of: part.origin, in: setting, now: now)
          places[leaf] = query.add(field, isAmong: keys, isComplement: isComplement)
        default: break
        }
      }
    }
    return places
  }

  // MARK: - Questions to DataTables

  /// The rows whose column a criterion is about.
  ///
  /// - Returns: their keys; with `isComplement`, those of all others: a column is unset also where there is no row.
  private func referredKeys(
    _ criterion: TargetingV1.ReferenceCriterion, at path: String, of origin: TargetingPlan.Origin,
    in setting: Setting, now: Timestamp
  ) async throws -> (field: ProfileField, keys: [String], isComplement: Bool) {
    guard let field = setting.table.field(criterion.reference), case .reference(let repository) = field.kind else {
      throw origin.refusal(
        "\(path).reference", "The profile table has no reference of this name. Name one that it has.")
    }
    var request = InternalV1.EvaluateRepositoryRequest()
    request.table = repository
    request.column = criterion.column
    request.comparison = criterion.comparison
    request.now = now.microsecondsSinceEpoch
    let isComplement = criterion.comparison?.kind == .isSet(false)
    if isComplement { request.comparison?.kind = .isSet(true) }
    do {
      let keys = try await repositories.evaluate(request, entity: setting.scope, deadline: setting.deadline)
      return (field, keys, isComplement)
    } catch let error as RPCError {
      throw Self.refusal(error, of: origin, at: path) { path + "." + $0 }
    }
  }

  /// What DataTables answers about a criterion.
  private struct RowsAnswer {
    let profiles: Population
    /// Nil where a profile without rows does not meet the criterion.
    let withRows: Population?

    init(_ message: InternalV1.EvaluateRowsResponse) throws {
      profiles = try Population(message.profiles ?? .init())
      withRows = message.holdsWithoutRows ? try Population(message.withRows ?? .init()) : nil
    }

    func population(among living: Population) -> Population {
      guard let withRows else { return profiles }
      return living.subtracting(withRows.subtracting(profiles))
    }
  }

  private func answersOverRows(
    _ plan: TargetingPlan, in setting: Setting, now: Timestamp
  ) async throws -> [Leaf: RowsAnswer] {
    var answers: [Leaf: RowsAnswer] = [:]
    for (partIndex, part) in plan.parts.enumerated() {
      var asked: [Int] = []
      var request = InternalV1.BatchEvaluateRowsRequest()
      request.profileTable = setting.table.message.name
      request.now = now.microsecondsSinceEpoch
      for (index, node) in part.tree.nodes.enumerated() {
        guard case .rows(let criterion) = node.kind else { continue }
        try check(criterion, node, part, in: setting)
        asked.append(index)
        request.criteria.append(criterion)
      }
      if asked.isEmpty { continue }
      let found = try await ask(request, asked.map { part.tree.nodes[$0] }, of: part.origin, in: setting)
      for (index, answer) in zip(asked, found) {
        do {
          answers[Leaf(part: partIndex, node: index)] = try RowsAnswer(answer)
        } catch let error as PopulationError { throw RPCError.badAnswer(error) }
      }
    }
    return answers
  }

  private func check(
    _ criterion: TargetingV1.RowsCriterion, _ node: CriteriaTree.Node, _ part: TargetingPlan.Part, in setting: Setting
  ) throws {
    let path = "\(node.path).rows.table"
    do {
      let table = try RepositoryDirectory.pattern.match(criterion.table)
      if table.id("entity") == setting.scope.key { return }
    } catch { throw part.origin.refusal(path, error.description) }
    throw part.origin.refusal(path, "It is of another entity. Name a table of the profiles' own.")
  }

  private func ask(
    _ request: InternalV1.BatchEvaluateRowsRequest, _ nodes: [CriteriaTree.Node], of origin: TargetingPlan.Origin,
    in setting: Setting
  ) async throws -> [InternalV1.EvaluateRowsResponse] {
    do {
      let answers = try await repositories.evaluate(request, entity: setting.scope, deadline: setting.deadline)
      guard answers.count == nodes.count else { throw RPCError.badAnswer(nil) }
      return answers
    } catch let error as RPCError {
      // What is not there is named by its name, what is at fault by its place in the request.
      let named = request.criteria.firstIndex { $0.table == error.resource } ?? 0
      throw Self.refusal(error, of: origin, at: "\(nodes[named].path).rows") { field in
        let steps = field.split(separator: ".", maxSplits: 1)
        let place = steps.first.flatMap { Int($0.dropFirst("criteria[".count).dropLast()) } ?? 0
        let rest = steps.count > 1 ? ".\(steps[1])" : ""
        return (nodes.indices.contains(place) ? nodes[place].path : "criterion") + ".rows" + rest
      }
    }
  }

  /// What another service refused, told of the caller's own fields.
  private static func refusal(
    _ error: RPCError, of origin: TargetingPlan.Origin, at path: String, _ own: (_ field: String) -> String
  ) -> RPCError {
    switch error.code {
    case .invalidArgument where !error.fieldViolations.isEmpty:
      return origin.refusal(FieldFault(error.fieldViolations.map { .init(own($0.field), $0.description) }))
    case .notFound: return origin.missing(error.resource ?? "table", "\(path).table")
    case .failedPrecondition: return origin.refusal(path, error.message)
    default: return error
    }
  }

  // MARK: - Limits

  private func limit(
    _ population: Population, _ part: TargetingPlan.Part, in setting: Setting
  ) async throws -> Population {
    guard let limit = part.limit else { return population }
    let size = limit.size(of: population.count)
    if limit.topBy.isEmpty { return population.sample(size, seed: limit.seed) }
    let field: ProfileField
    do throws(FieldFault) {
      field = try TargetingRules.orderingField(limit, of: setting.table)
    } catch { throw part.origin.refusal(error) }
    return try await top(size, of: population, by: field, in: setting.table)
  }

  /// Those with the greatest values; among equals, and among those without a value, by number.
  private func top(
    _ size: Int, of population: Population, by field: ProfileField, in table: ProfileTableDefinition
  ) async throws -> Population {
    if size >= population.count { return population }
    let statement = Statement(
      name: "profiles.top",
      sql: """
        SELECT id
        FROM \(table.rows)
        ORDER BY \(field.storage.column) DESC NULLS LAST, id
        """)
    return try await database.transaction(
      as: .entity(table.entity), readOnly: true, timeout: Self.timeout
    ) { transaction in
      var chosen: [UInt32] = []
      for try await rows in transaction.stream(statement, batch: 10_000) {
        for row in rows where chosen.count < size {
          let id = UInt32(try row.int(0))
          if population.contains(id) { chosen.append(id) }
        }
        if chosen.count == size { break }
      }
      return Population(chosen)
    }
  }
}
