package import Database

/// What an import fills: the profiles of a profile table, or the rows of a custom table.
package protocol ImportTarget: Sendable {
  /// Looks up what lies outside the own database, before the transaction: an unknown profile, a missing row.
  ///
  /// - Returns: the lines that may be written, and those refused.
  func resolve(_ lines: [ImportLine], of plan: ImportPlan) async throws -> ResolvedLines

  /// Writes lines, none of which shares a unique value with another, in the caller's transaction.
  ///
  /// The transaction may run again from its beginning, so it has no other effect.
  func write(_ lines: [ImportLine], of plan: ImportPlan, in transaction: Transaction) async throws -> ImportOutcome
}

/// Lines whose references were looked up.
package struct ResolvedLines: Sendable {
  /// Those that may be written.
  package var lines: [ImportLine]
  /// Those whose references lead nowhere.
  package var refused: [ImportRefusal]

  /// Lines that were looked up.
  package init(lines: [ImportLine], refused: [ImportRefusal] = []) {
    self.lines = lines
    self.refused = refused
  }
}
