internal import Logging
internal import RPC
internal import ServiceKit
internal import Values

/// Claims messages for a worker, and makes letters of them.
struct Preparer: Sendable {
  /// The most messages that are claimed at once.
  static let batch = 200

  let worker: Int64
  let parts: Courier.Parts

  /// What was made of one claim.
  struct Letters: Sendable {
    let campaign: Int64
    /// How long after one message the next may leave; nil: at once.
    let interval: Duration?
    /// In the order in which they are to leave. None, where all that was claimed is not to be sent.
    let letters: [BatchPreparation.Letter]
  }

  private var now: Timestamp { parts.time.now }

  /// Letters of some campaign; nil when nothing is due.
  ///
  /// - Throws: what the database or another service throws. In the latter case, what was claimed waits again.
  func prepare() async throws -> Letters? {
    let campaigns = try await parts.queue.campaignsWithWork(now: now)
    if campaigns.isEmpty { return nil }
    // From anywhere, so that a large campaign keeps no other waiting.
    let start = Int(parts.randomness.next() % UInt64(campaigns.count))
    for campaign in campaigns[start...] + campaigns[..<start] {
      if let letters = try await prepare(campaign) { return letters }
    }
    return nil
  }

  /// Letters of a campaign; nil when nothing of it is due.
  ///
  /// - Throws: as ``prepare()``.
  func prepare(_ campaign: Int64) async throws -> Letters? {
    guard let batch = try await parts.queue.claim(from: campaign, worker: worker, limit: Self.batch, now: now) else {
      return nil
    }
    let prepared = try await letters(of: batch)
    try await parts.queue.release(prepared.undecided, worker: worker, dueAt: now.advanced(by: .seconds(10)))
    _ = try await parts.queue.commit(prepared.settled, handing: nil, worker: worker, now: now)
    return Letters(campaign: campaign, interval: batch.interval, letters: prepared.letters)
  }

  private func letters(of batch: SendingQueue.Batch) async throws -> BatchPreparation.Prepared {
    let claimed = batch.messages.map(\.id)
    do {
      return try await parts.batches.prepare(batch, now: now)
    } catch let error as BatchPreparation.CustomTableMissing {
      parts.logger.error(
        "a campaign waits for a custom table", metadata: ["campaign": "\(error.campaign)", "why": "\(error.answer)"])
      try await parts.queue.hold(batch.campaign, obstacle: error.answer, now: now)
      try await parts.queue.release(claimed, worker: worker, dueAt: now)
      return BatchPreparation.Prepared()
    } catch {
      try await parts.queue.release(claimed, worker: worker, dueAt: now.advanced(by: .seconds(5)))
      throw error
    }
  }
}
