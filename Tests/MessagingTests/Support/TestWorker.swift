import Messages
import ServiceKitTesting
import ServiceTesting
import Testing
import Values

@testable import Messaging

/// A worker that does step by step what couriers do, with the messages of one campaign.
struct TestWorker: Sendable {
  let number: Int64
  private let suite: TestSuite
  private let campaign: Int64

  private var queue: SendingQueue { suite.parts.queue }

  /// Enters, for the first campaign that has something to send.
  init(_ suite: TestSuite) async throws {
    self.suite = suite
    number = try await suite.parts.queue.enter(copy: "test")
    campaign = try #require(try await suite.parts.queue.campaignsWithWork(now: suite.time.now).first)
  }

  /// The messages that are claimed; nil when there are none.
  func claim(_ limit: Int) async throws -> SendingQueue.Batch? {
    try await queue.claim(from: campaign, worker: number, limit: limit, now: suite.time.now)
  }

  /// Says that a message is being handed over; whether it may be.
  func begin(_ message: Int64) async throws -> Bool {
    try await queue.commit(
      [], handing: .init(id: message, language: "en"), worker: number, now: suite.time.now)
  }

  func settle(_ message: Int64, _ outcome: SendingQueue.Outcome) async throws {
    let settled = SendingQueue.Settled(id: message, outcome: outcome, language: "en")
    _ = try await queue.commit([settled], handing: nil, worker: number, now: suite.time.now)
  }

  /// Puts messages back.
  func release(_ messages: [Int64]) async throws {
    try await queue.release(messages, worker: number, dueAt: suite.time.now)
  }

  func leave() async throws {
    try await queue.leave(number, now: suite.time.now)
  }
}
