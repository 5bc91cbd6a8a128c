package import Database
import Messages
package import RPC

/// Serves a service's log to its followers: `rapport.internal.v1.EventLogService`.
package struct LogServer: Sendable {
  /// How long a caught-up stream waits without being woken before it looks again.
  package static let poll = Duration.seconds(1)
  /// Bytes of bodies in one response, unless one event has more.
  private static let responseBytes = 1 << 20

  private let database: Database
  private let wakeUp: WakeUp
  private let time: any TimeSource
  private let isStopping: @Sendable () -> Bool

  /// - Parameters:
  ///   - wakeUp: is woken when the sequencer has moved something.
  ///   - isStopping: whether streams are to end: a follower goes on at another copy, and holds up no stop.
  package init(
    database: Database, wakeUp: WakeUp, time: any TimeSource, isStopping: @escaping @Sendable () -> Bool = { false }
  ) {
    self.database = database
    self.wakeUp = wakeUp
    self.time = time
    self.isStopping = isStopping
  }

  /// Adds the method to a service's router.
  package func register(in router: inout Router) {
    router.handle(InternalV1.EventLogService.follow) { request, writer, _ in
      try await follow(request, writer)
    }
  }

  private func follow(
    _ request: InternalV1.FollowRequest, _ writer: ResponseWriter<InternalV1.FollowResponse>
  ) async throws {
    var cursors: [Int: Int64] = [:]
    for cursor in request.cursors {
      guard cursor.partition < Log.partitions, cursor.position >= 0 else {
        throw RPCError(
          .invalidArgument, "A cursor names a partition from 0 to 63 and a position.", reason: "BAD_CURSOR")
      }
      cursors[Int(cursor.partition)] = cursor.position
    }
    var reader = LogReader(epoch: request.epoch, cursors: cursors, types: request.types)
    let waker = wakeUp.subscribe()
    let verdict = try await reader.verdict(in: database)
    if verdict != .unspecified {
      return try await sendRebuild(verdict, writer)
    }
    try await writer.send(InternalV1.FollowResponse())
    while !isStopping() {
      switch try await reader.next(in: database) {
      case .nothing:
        try await waker.wait(atMost: Self.poll, time: time)
      case .rebuild(let reason):
        return try await sendRebuild(reason, writer)
      case .batch(let events, let cursors):
        try await send(events, cursors, epoch: reader.epoch, writer)
      }
    }
  }

  /// Tells the follower to rebuild, and where the log ended before it begins to.
  private func sendRebuild(
    _ reason: InternalV1.RebuildReason, _ writer: ResponseWriter<InternalV1.FollowResponse>
  ) async throws {
    let (epoch, cursors) = try await LogReader.heads(in: database)
    var response = InternalV1.FollowResponse()
    response.epoch = epoch
    response.cursors = InternalV1.LogCursor.all(cursors)
    response.rebuild = reason
    try await writer.send(response)
  }

  /// Sends events in responses of bounded size. The cursors of what was passed over go with the last.
  private func send(
    _ events: [InternalV1.LogEvent], _ cursors: [Int: Int64], epoch: Int64,
    _ writer: ResponseWriter<InternalV1.FollowResponse>
  ) async throws {
    var rest = events[...]
    repeat {
      var response = InternalV1.FollowResponse()
      response.epoch = epoch
      var bytes = 0
      var sent: [Int: Int64] = [:]
      while let event = rest.first, bytes == 0 || bytes + event.body.count <= Self.responseBytes {
        bytes += event.body.count + 64
        sent[Int(event.partition)] = event.position
        response.events.append(event)
        rest.removeFirst()
      }
      response.cursors = InternalV1.LogCursor.all(rest.isEmpty ? cursors : sent)
      try await writer.send(response)
    } while !rest.isEmpty
  }
}

extension InternalV1.LogCursor {
  static func all(_ cursors: [Int: Int64]) -> [InternalV1.LogCursor] {
    cursors.sorted { $0.key < $1.key }.map { partition, position in
      var cursor = InternalV1.LogCursor()
      cursor.partition = UInt32(partition)
      cursor.position = position
      return cursor
    }
  }
}
