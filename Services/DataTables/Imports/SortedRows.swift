internal import Database
internal import UserTables

/// Lines told apart by what is to be done with them, and what became of them.
struct SortedRows: Sendable {
  /// Lines that lack nothing: they are inserted, or update the row of their key.
  private(set) var insertions: [ImportLine] = []
  /// Lines that can only update.
  private(set) var updates: [ImportLine] = []
  private(set) var created: [RowReference] = []
  private(set) var updated: [RowReference] = []
  private(set) var outcome = ImportOutcome()

  private let statements: RowImportStatements
  private let required: [(field: TableField, place: Int?)]

  init(_ lines: [ImportLine], look: RowImportLook, statements: RowImportStatements) {
    self.statements = statements
    self.required = statements.required
    var kept: [ImportLine] = []
    kept.reserveCapacity(lines.count)
    for (place, line) in lines.enumerated() {
      if let column = look.clashing[place] {
        outcome.again.append(ClashingLine(line, column: statements.plan.columns[column].header))
      } else if let column = goneProfile(of: line, look) {
        refuse(line, column, ProfileDirectory.missingReason)
      } else {
        kept.append(line)
      }
    }
    kept = linked(kept, look)
    for line in kept { sort(line) }
  }

  private var mode: ImportPlan.Mode { statements.plan.mode }

  private func header(_ place: Int) -> String { statements.plan.columns[place].header }

  /// The column of a profile that is gone.
  private func goneProfile(of line: ImportLine, _ look: RowImportLook) -> String? {
    guard !look.goneProfiles.isEmpty, let place = statements.profile, case .int(let profile) = line.values[place],
      look.goneProfiles.contains(profile)
    else { return nil }
    return header(place)
  }

  /// The lines whose links lead to rows that exist, or that other lines of the batch create.
  private mutating func linked(_ lines: [ImportLine], _ look: RowImportLook) -> [ImportLine] {
    var lines = lines
    for link in statements.links where !link.isToItself {
      lines = keep(lines, whose: link.place, areIn: look.linked[link.place] ?? [])
    }
    for link in statements.links where link.isToItself {
      // A line that is refused takes those with it that link to it.
      while true {
        let new = Set(lines.filter { missing(in: $0) == nil && mode != .update }.map { $0.values[statements.key] })
        let remaining = keep(lines, whose: link.place, areIn: new.union(look.linked[link.place] ?? []))
        if remaining.count == lines.count { break }
        lines = remaining
      }
    }
    return lines
  }

  private mutating func keep(
    _ lines: [ImportLine], whose place: Int, areIn keys: Set<SQLValue>
  ) -> [ImportLine] {
    lines.filter { line in
      if line.values[place] == .null || keys.contains(line.values[place]) { return true }
      refuse(line, header(place), RowLinks.missingReason)
      return false
    }
  }

  /// The first required field that a line has no value of.
  private func missing(in line: ImportLine) -> (field: TableField, place: Int?)? {
    required.first { entry in entry.place.map { line.values[$0] == .null } ?? true }
  }

  private mutating func sort(_ line: ImportLine) {
    let missing = missing(in: line)
    if mode == .update || (missing != nil && mode == .upsert) {
      updates.append(line)
    } else if let missing {
      refuse(line, missing: missing)
    } else {
      insertions.append(line)
    }
  }

  // MARK: - What became of them

  /// - Parameters:
  ///   - inserted: a row for each insertion, but for those left out by an import that only creates.
  ///   - updated: the rows of updates, by the lines' places.
  mutating func settle(inserted: [WrittenRow], updated found: [Int: RowReference]) {
    for row in inserted {
      if row.created { created.append(row.reference) } else { updated.append(row.reference) }
    }
    if inserted.count < insertions.count {
      let written = Set(inserted.compactMap(\.key))
      for line in insertions where !written.contains(line.values[statements.key]) {
        refuse(line, header(statements.key), "The row exists already. Leave the line out, or import with updates.")
      }
    }
    for (place, line) in updates.enumerated() {
      if let row = found[place] {
        updated.append(row)
      } else if mode == .update {
        refuse(line, header(statements.key), "There is no such row. Correct the key, or import with creation.")
      } else if let missing = missing(in: line) {
        refuse(line, missing: missing)
      }
    }
    outcome.created = created.count
    outcome.updated = updated.count
  }

  private mutating func refuse(_ line: ImportLine, missing: (field: TableField, place: Int?)) {
    let id = missing.field.storage.id
    refuse(
      line, missing.place.map(header) ?? id,
      "The row is new, and the required column “\(id)” has no value. Give it one.")
  }

  private mutating func refuse(_ line: ImportLine, _ column: String, _ reason: String) {
    outcome.refused.append(ImportRefusal(line: line.number, column: column, reason: reason))
  }
}
