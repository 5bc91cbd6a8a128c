internal import Database
internal import ServiceKit
internal import UserTables
internal import Values

/// Writes the lines of an import as profiles.
struct ProfileImportTarget: ImportTarget {
  let table: ProfileTableDefinition
  /// The table's entity, as other services know it.
  let scope: Principal.Entity
  let provenance: Provenance
  let repositories: RepositoryDirectory

  // MARK: - References

  func resolve(_ lines: [ImportLine], of plan: ImportPlan) async throws -> ResolvedLines {
    var resolved = ResolvedLines(lines: lines)
    for (place, column) in plan.columns.enumerated() {
      guard case .reference(let repository) = table.field(column.field.id)?.kind else { continue }
      let keys = Set(resolved.lines.compactMap { if case .text(let key) = $0.values[place] { key } else { nil } })
      let written = try await repositories.written(keys, in: repository, entity: scope)
      resolved.lines = resolved.lines.compactMap { line in
        guard case .text(let key) = line.values[place] else { return line }
        guard let written = written[key] else {
          resolved.refused.append(
            ImportRefusal(line: line.number, column: column.header, reason: RepositoryDirectory.missingReason))
          return nil
        }
        var line = line
        line.values[place] = .text(written)
        return line
      }
    }
    return resolved
  }

  // MARK: - Writing

  func write(_ lines: [ImportLine], of plan: ImportPlan, in transaction: Transaction) async throws -> ImportOutcome {
    var sorted = SortedLines(plan: plan, table: table)
    if lines.isEmpty { return sorted.outcome }
    let statements = ProfileImportStatements(table: table, plan: plan)
    let known = try await existing(lines, statements, transaction)
    let owners = try await owners(of: lines, plan, statements, transaction)
    for (place, line) in lines.enumerated() {
      sorted.take(line, existing: known[place], owners: owners.map { $0[place] })
    }
    try await update(sorted.updates, statements, transaction)
    try await create(sorted.creations, statements, transaction)
    return sorted.outcome
  }

  /// The profiles that lines are for, locked, by the lines' places.
  private func existing(
    _ lines: [ImportLine], _ statements: ProfileImportStatements, _ transaction: Transaction
  ) async throws -> [Int: ExistingProfile] {
    let rows = try await transaction.execute(statements.lock, [statements.column(statements.plan.key, of: lines)])
    var existing: [Int: ExistingProfile] = [:]
    for row in rows {
      var tracked: [SQLValue] = []
      for (place, column) in statements.tracked.enumerated() {
        tracked.append(try FieldTransition.stored(column.field, in: row, at: place + 2))
      }
      existing[Int(try row.int(0)) - 1] = ExistingProfile(id: try row.int(1), tracked: tracked)
    }
    return existing
  }

  /// For each unique column but the key: who has the lines' values, by the lines' places.
  private func owners(
    of lines: [ImportLine], _ plan: ImportPlan, _ statements: ProfileImportStatements, _ transaction: Transaction
  ) async throws -> [[Int: Int64]] {
    let columns = plan.otherUnique
    let results = try await transaction.execute(
      pipelined: columns.map { (statements.owner(of: plan.columns[$0].field), [statements.column($0, of: lines)]) })
    return try results.map { rows in
      try Dictionary(
        rows.map { (Int(try $0.int(0)) - 1, try $0.int(1)) }, uniquingKeysWith: { first, _ in first })
    }
  }

  private func update(
    _ updates: [SortedLines.Update], _ statements: ProfileImportStatements, _ transaction: Transaction
  ) async throws {
    if updates.isEmpty { return }
    let lines = updates.map(\.line)
    var history = HistoryRows(provenance: provenance)
    for update in updates {
      for (place, column) in statements.tracked.enumerated() {
        let after = update.line.values[column.place]
        if after == .null && !statements.plan.emptyClears { continue }
        history.add(column.field, of: update.profile.id, before: update.profile.tracked[place], after: after)
      }
    }
    try await transaction.execute(
      pipelined: [
        (statements.update, [.intArray(updates.map { $0.profile.id })] + statements.columns(of: lines)),
        (statements.history, history.parameters),
      ])
    try await ProfileEvents.changed(
      updates.map(\.profile.id), created: false, fields: statements.fieldIDs, isBulk: true, in: table,
      transaction: transaction)
  }

  private func create(
    _ lines: [ImportLine], _ statements: ProfileImportStatements, _ transaction: Transaction
  ) async throws {
    if lines.isEmpty { return }
    let ids = try await transaction.execute(statements.ids, [.int(Int64(lines.count))]).map { try $0.int(0) }
    var history = HistoryRows(provenance: provenance)
    for (id, line) in zip(ids, lines) {
      for column in statements.tracked where line.values[column.place] != .null {
        history.add(column.field, of: id, before: .null, after: line.values[column.place])
      }
      for field in statements.defaulted(in: line) {
        history.add(field, of: id, before: .null, after: field.defaultValue.map(SQLValue.text) ?? .null)
      }
    }
    try await transaction.execute(
      pipelined: [
        (statements.insert, [.intArray(ids.map(Optional.some))] + statements.columns(of: lines)),
        (statements.history, history.parameters),
      ])
    try await ProfileEvents.changed(
      ids, created: true, fields: statements.fieldIDs, isBulk: true, in: table, transaction: transaction)
  }
}

/// A profile that a line is for.
struct ExistingProfile: Sendable {
  let id: Int64
  /// What its tracked fields hold, in the order of the plan's tracked columns.
  let tracked: [SQLValue]
}

/// Lines told apart by what is to be done with them.
struct SortedLines: Sendable {
  struct Update: Sendable {
    let line: ImportLine
    let profile: ExistingProfile
  }

  private(set) var updates: [Update] = []
  private(set) var creations: [ImportLine] = []
  private(set) var outcome = ImportOutcome()
  private let plan: ImportPlan
  private let required: [(field: FieldDefinition, place: Int?)]

  init(plan: ImportPlan, table: ProfileTableDefinition) {
    self.plan = plan
    self.required = table.fields.filter { $0.storage.isRequired && $0.defaultValue == nil }.map { field in
      (field.storage, plan.columns.firstIndex { $0.field.id == field.storage.id })
    }
  }

  /// Takes a line.
  ///
  /// - Parameters:
  ///   - existing: the profile that it is for.
  ///   - owners: for each unique column but the key, whose value it has.
  mutating func take(_ line: ImportLine, existing: ExistingProfile?, owners: [Int64?]) {
    if let clash = owners.firstIndex(where: { $0 != nil && $0 != existing?.id }) {
      outcome.again.append(ClashingLine(line, column: plan.columns[plan.otherUnique[clash]].header))
      return
    }
    guard let existing else {
      create(line)
      return
    }
    if plan.mode == .create {
      refuse(
        line, plan.columns[plan.key].header, "The profile exists already. Leave the line out, or import with updates.")
    } else {
      updates.append(Update(line: line, profile: existing))
      outcome.updated += 1
    }
  }

  private mutating func create(_ line: ImportLine) {
    if plan.mode == .update {
      refuse(line, plan.columns[plan.key].header, "There is no such profile. Correct the key, or import with creation.")
    } else if let missing = required.first(where: { entry in entry.place.map { line.values[$0] == .null } ?? true }) {
      let column = missing.place.map { plan.columns[$0].header } ?? missing.field.id
      refuse(
        line, column, "The profile is new, and the required field “\(missing.field.id)” has no value. Give it one.")
    } else {
      creations.append(line)
      outcome.created += 1
    }
  }

  private mutating func refuse(_ line: ImportLine, _ column: String, _ reason: String) {
    outcome.refused.append(ImportRefusal(line: line.number, column: column, reason: reason))
  }
}
