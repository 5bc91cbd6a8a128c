package import Database
internal import Messages
package import Values

/// Carries one import from its file to its table.
///
/// Each batch is written, recorded and committed in one transaction: whoever is killed at any line loses nothing that was
/// settled, and settles nothing twice.
package struct ImportRun<Target: ImportTarget>: Sendable {
  private let record: ImportRecord
  private let settings: ImportSettings
  private let entity: Int64
  private let reader: FieldReader
  private let target: Target
  private let store: ImportStore
  private let database: Database

  /// The import of `record`, which was begun or resumed by this call.
  package init(
    record: ImportRecord, settings: ImportSettings, entity: Int64, zone: Zone, target: Target, store: ImportStore,
    database: Database
  ) {
    self.record = record
    self.settings = settings
    self.entity = entity
    self.reader = FieldReader(zone: zone)
    self.target = target
    self.store = store
    self.database = database
  }

  /// Takes the file, piece by piece, and ends the import with it.
  ///
  /// While a batch is written, the next is read and its references are looked up; the one after that is asked for only when
  /// the first is committed: a slow database slows the sender down.
  ///
  /// - Throws: ``ImportFault`` when the file as a whole is at fault, which is recorded; ``ImportTakenOver``; otherwise
  ///   what broke the import off, which can then be resumed.
  package func run<Pieces: AsyncSequence>(_ pieces: Pieces) async throws -> ImportRecord
  where Pieces.Element == [UInt8] {
    do {
      try await settle(pieces)
    } catch let fault as ImportFault {
      guard try await store.end(record, entity: entity, fault: fault) != nil else { throw ImportTakenOver() }
      throw fault
    }
    guard let ended = try await store.end(record, entity: entity) else { throw ImportTakenOver() }
    return ended
  }

  private func settle<Pieces: AsyncSequence>(_ pieces: Pieces) async throws where Pieces.Element == [UInt8] {
    try await withThrowingTaskGroup(of: Void.self) { writing in
      var batcher = try ImportBatcher(settings: settings, fieldReader: reader, from: record.position)
      for try await piece in pieces {
        batcher.append(piece)
        try await settleFull(from: &batcher, &writing)
      }
      batcher.finish()
      try await settleFull(from: &batcher, &writing)
      try await settle(batcher.last(), of: batcher.columns, &writing)
      try await writing.waitForAll()
    }
  }

  private func settleFull(
    from batcher: inout ImportBatcher, _ writing: inout ThrowingTaskGroup<Void, any Error>
  ) async throws {
    while let batch = try batcher.nextFull() { try await settle(batch, of: batcher.columns, &writing) }
  }

  /// Has a batch written once the one before it is committed: what is settled is always a beginning of the file.
  private func settle(
    _ batch: ImportBatch, of plan: ImportPlan?, _ writing: inout ThrowingTaskGroup<Void, any Error>
  ) async throws {
    guard let plan, batch.end != batch.start else { return }
    let resolved = try await target.resolve(batch.lines, of: plan)
    try await writing.next()
    writing.addTask { try await write(batch, resolved, of: plan) }
  }

  private func write(_ batch: ImportBatch, _ resolved: ResolvedLines, of plan: ImportPlan) async throws {
    // A writer beside us may take a unique value between our look and our write; then we look again.
    for remaining in (0..<5).reversed() {
      do {
        return try await writeOnce(batch, resolved, of: plan)
      } catch let error as DatabaseError where error.kind == .uniqueViolation && remaining > 0 {
        continue
      }
    }
  }

  private func writeOnce(_ batch: ImportBatch, _ resolved: ResolvedLines, of plan: ImportPlan) async throws {
    try await database.transaction(as: .entity(entity)) { transaction in
      var outcome = ImportOutcome()
      outcome.refused = batch.refused + resolved.refused
      var first = try await target.write(resolved.lines, of: plan, in: transaction)
      let again = first.again
      first.again = []
      outcome.add(first)
      for clash in again { outcome.add(try await target.write([clash.line], of: plan, in: transaction)) }
      outcome.refuseWhatClashesStill()
      guard
        try await store.settle(batch, outcome: outcome, of: record, entity: entity, in: transaction)
      else { throw ImportTakenOver() }
    }
  }
}

/// Another call has resumed this import; this one may write nothing more.
package struct ImportTakenOver: Error, Sendable {}

extension ImportOutcome {
  /// A line that clashes when it is written by itself has a value that another row owns.
  fileprivate mutating func refuseWhatClashesStill() {
    refused += again.map { ImportRefusal(line: $0.line.number, column: $0.column, reason: Self.taken) }
    again = []
  }

  private static let taken =
    "The value is unique and belongs to another entry. Change it, or name that entry by its key."
}
