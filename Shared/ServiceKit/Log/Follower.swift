package import Database
package import Logging
package import Messages
package import RPC
import Values

/// What a service does with another's events.
package protocol LogEffect: Sendable {
  /// The types wanted, as full names of messages; empty: all.
  var types: [String] { get }

  /// Takes events, in order within each partition, in the transaction that also stores how far the follower has come: each
  /// takes effect exactly once.
  ///
  /// - Parameter transaction: in the worker's role; it may take others.
  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws

  /// Makes anew all that is kept of the other service, as it is at present. Events that happened meanwhile come
  /// afterwards, some for the second time.
  func rebuild() async throws
}

/// Follows another service's log. Any number of copies may run one; a lease lets one of them work.
package struct Follower: Sendable {
  /// The follower's name, unique in its service: `profiles/populations`.
  package let name: String
  private let client: RPCClient
  private let metadata: @Sendable () throws -> Metadata
  private let database: Database
  private let effect: any LogEffect
  private let time: any TimeSource
  private let logger: Logger

  /// - Parameters:
  ///   - client: of the followed service.
  ///   - metadata: carries a workload principal for all entities; asked for at each call.
  ///   - database: of the service that follows.
  package init(
    name: String, client: RPCClient, metadata: @escaping @Sendable () throws -> Metadata, database: Database,
    effect: any LogEffect, time: any TimeSource, logger: Logger
  ) {
    self.name = name
    self.client = client
    self.metadata = metadata
    self.database = database
    self.effect = effect
    self.time = time
    self.logger = logger
  }

  /// The lease under which one copy follows.
  package var lease: Lease { Lease(name: "follower/\(name)") }

  /// Follows until the task is cancelled or the stream ends.
  ///
  /// - Parameter fence: the fencing number of ``lease``.
  /// - Throws: ``RPCError``, ``DatabaseError``, ``LeaseLost``; what the effect throws. The next run goes on where this one was.
  package func run(fence: Int64) async throws {
    let cursors = try await FollowerCursors.load(follower: name, in: database)
    var request = InternalV1.FollowRequest()
    request.epoch = cursors.epoch
    request.cursors = InternalV1.LogCursor.all(cursors.positions)
    request.types = effect.types
    let options = CallOptions(metadata: try metadata())
    let rebuild = try await client.call(InternalV1.EventLogService.follow, request, options: options) { responses in
      for try await response in responses {
        if response.rebuild != .unspecified {
          return Optional(response)
        }
        try await take(response, fence: fence)
      }
      return nil
    }
    if let rebuild {
      try await self.rebuild(rebuild, fence: fence)
    }
  }

  private func take(_ response: InternalV1.FollowResponse, fence: Int64) async throws {
    guard !response.cursors.isEmpty else {
      return
    }
    try await database.transaction(as: .worker) { transaction in
      try await lease.check(fence, in: transaction)
      let fresh = try await FollowerCursors.advance(
        follower: name, to: response.cursors, epoch: response.epoch, in: transaction)
      // What another copy took before is not taken again.
      let events = response.events.filter { $0.position > fresh[Int($0.partition)] ?? 0 }
      if !events.isEmpty {
        try await effect.apply(events, in: transaction)
      }
    }
  }

  private func rebuild(_ response: InternalV1.FollowResponse, fence: Int64) async throws {
    logger.notice("rebuilding", metadata: ["follower": "\(name)", "reason": "\(response.rebuild)"])
    try await effect.rebuild()
    try await database.transaction(as: .worker) { transaction in
      try await lease.check(fence, in: transaction)
      try await FollowerCursors.replace(
        follower: name, epoch: response.epoch, cursors: response.cursors, in: transaction)
    }
  }
}
