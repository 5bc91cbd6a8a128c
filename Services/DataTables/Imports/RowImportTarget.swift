internal import Database
internal import Messages
internal import ServiceKit
internal import UserTables

/// Writes the lines of an import as rows.
struct RowImportTarget: ImportTarget {
  let table: CustomTableDefinition
  /// The table's entity, as other services know it.
  let scope: Principal.Entity
  let profiles: ProfileDirectory

  // MARK: - Profiles

  /// Puts profiles' numbers in the place of their keys, all of a batch by one call.
  func resolve(_ lines: [ImportLine], of plan: ImportPlan) async throws -> ResolvedLines {
    guard let owner = table.owner, let link = table.profileLink,
      let place = plan.columns.firstIndex(where: { $0.field.id == link.storage.id })
    else { return ResolvedLines(lines: lines) }
    var places: [SQLValue: Int] = [:]
    var keys: [TypeV1.Value] = []
    for line in lines {
      let key = line.values[place]
      guard places[key] == nil, let message = key.message else { continue }
      places[key] = keys.count
      keys.append(message)
    }
    let numbers = try await profiles.resolve(keys, by: owner.keyAttribute, in: owner.name, entity: scope)
    var resolved = ResolvedLines(lines: [])
    resolved.lines.reserveCapacity(lines.count)
    for var line in lines {
      if let known = places[line.values[place]] {
        guard numbers[known] != 0 else {
          resolved.refused.append(
            ImportRefusal(
              line: line.number, column: plan.columns[place].header, reason: ProfileDirectory.missingReason))
          continue
        }
        line.values[place] = .int(Int64(numbers[known]))
      }
      resolved.lines.append(line)
    }
    return resolved
  }

  // MARK: - Writing

  func write(_ lines: [ImportLine], of plan: ImportPlan, in transaction: Transaction) async throws -> ImportOutcome {
    if lines.isEmpty { return ImportOutcome() }
    let statements = RowImportStatements(table: table, plan: plan)
    let look = try await look(at: lines, statements, transaction)
    var sorted = SortedRows(lines, look: look, statements: statements)
    let inserted = try await insert(sorted.insertions, statements, transaction)
    let updated = try await update(sorted.updates, statements, transaction)
    sorted.settle(inserted: inserted, updated: updated)
    for (rows, created) in [(sorted.created, true), (sorted.updated, false)] where !rows.isEmpty {
      try await RowEvents.changed(
        rows, created: created, columns: plan.columns.map(\.field.id), isBulk: true, in: table, transaction: transaction
      )
    }
    return sorted.outcome
  }

  /// What lines meet in the database: profiles that are gone, rows that links lead to, owners of unique values.
  private func look(
    at lines: [ImportLine], _ statements: RowImportStatements, _ transaction: Transaction
  ) async throws -> RowImportLook {
    var asked: [(Statement, [SQLValue])] = []
    if let owner = table.owner, let place = statements.profile {
      let profiles = Set(lines.compactMap { if case .int(let number) = $0.values[place] { number } else { nil } })
      asked.append((Tombstones.ofRows.share, [.int(owner.number)]))
      asked.append((Tombstones.find, [.int(owner.number), .intArray(profiles.map(Optional.some))]))
    }
    let links = statements.links
    for link in links {
      asked.append((statements.targets(of: link), [statements.distinct(link.place, of: lines)]))
    }
    for place in statements.otherUnique {
      asked.append(
        (
          statements.owners(of: place),
          [statements.column(place, of: lines), statements.column(statements.key, of: lines)]
        )
      )
    }
    var answers = try await transaction.execute(pipelined: asked)[...]
    var look = RowImportLook()
    if statements.profile != nil && table.owner != nil {
      answers.removeFirst()
      look.goneProfiles = Set(try answers.removeFirst().map { try $0.int(0) })
    }
    for link in links {
      let type = statements.plan.columns[link.place].field.type
      look.linked[link.place] = Set(try answers.removeFirst().map { try SQLValue.stored(type, in: $0, at: 0) })
    }
    for (column, rows) in zip(statements.otherUnique, answers) {
      for row in rows { look.clashing[Int(try row.int(0)) - 1] = column }
    }
    return look
  }

  /// Inserts lines, or updates those whose key exists; gives a row for each that was written.
  private func insert(
    _ lines: [ImportLine], _ statements: RowImportStatements, _ transaction: Transaction
  ) async throws -> [WrittenRow] {
    if lines.isEmpty { return [] }
    let rows = try await transaction.execute(statements.insert, statements.columns(of: lines))
    let keyType = statements.plan.columns[statements.key].field.type
    return try rows.map { row in
      WrittenRow(
        reference: RowReference(number: try row.int(0), profile: try row.int(1)), created: try row.bool(2),
        key: try row.isNull(3) ? nil : .stored(keyType, in: row, at: 3))
    }
  }

  /// Updates rows of lines; gives those found, by the lines' places.
  private func update(
    _ lines: [ImportLine], _ statements: RowImportStatements, _ transaction: Transaction
  ) async throws -> [Int: RowReference] {
    if lines.isEmpty { return [:] }
    let rows = try await transaction.execute(statements.update, statements.columns(of: lines))
    var found: [Int: RowReference] = [:]
    for row in rows {
      found[Int(try row.int(0)) - 1] = RowReference(number: try row.int(1), profile: try row.int(2))
    }
    return found
  }
}

/// A row that an insertion wrote.
struct WrittenRow: Sendable {
  let reference: RowReference
  let created: Bool
  /// What the line was keyed by; only where some lines may not have been written.
  let key: SQLValue?
}

/// What lines meet in the database.
struct RowImportLook: Sendable {
  var goneProfiles: Set<Int64> = []
  /// The keys of rows that exist, by the link's place in the plan.
  var linked: [Int: Set<SQLValue>] = [:]
  /// The column of a unique value that another row has, by the lines' places.
  var clashing: [Int: Int] = [:]
}
