internal import Database
internal import Messages
internal import ServiceKit
internal import Values

/// Notes the rows that may begin executions, as DataTables tells it.
///
/// What a row says is looked at later: a peer that is away must not hold up the log.
struct RowFollower: LogEffect {
  let time: any TimeSource

  var types: [String] { [InternalV1.RowsChanged.descriptor.name] }

  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events where event.type == InternalV1.RowsChanged.descriptor.name {
      let changed = try InternalV1.RowsChanged(decoding: event.body)
      guard !changed.profiles.isEmpty, changed.profiles.count == changed.rows.count else { continue }
      // A row is created once, and changed many times: each event is a cause of its own.
      let suffix = changed.created ? "" : "/\(event.partition).\(event.position).\(event.time?.seconds ?? 0)"
      try await ArrivalStore.note(
        rows: changed, suffix: suffix, at: event.moment ?? time.now, now: time.now, in: transaction)
    }
  }

  /// Nothing is kept of the rows themselves. What began stays begun; what happened in the gap begins nothing.
  func rebuild() async throws {}
}

/// Notes the participations that begin executions, as Forms tells it.
struct ParticipationFollower: LogEffect {
  let time: any TimeSource

  var types: [String] { [InternalV1.ParticipationRecorded.descriptor.name] }

  func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events where event.type == InternalV1.ParticipationRecorded.descriptor.name {
      let recorded = try InternalV1.ParticipationRecorded(decoding: event.body)
      // Changes begin nothing, and neither does who has no profile.
      guard recorded.created, recorded.profile != 0,
        let match = try? AutomationNames.participation.match(recorded.participation)
      else { continue }
      try await ArrivalStore.note(
        participation: match, profile: Int64(recorded.profile), entity: event.entity, at: event.moment ?? time.now,
        now: time.now, in: transaction)
    }
  }

  /// Nothing is kept of the participations themselves. What began stays begun; what happened in the gap begins nothing.
  func rebuild() async throws {}
}

extension InternalV1.LogEvent {
  /// When it was numbered; nil when it does not say.
  fileprivate var moment: Timestamp? {
    time.flatMap { try? Timestamp(microsecondsSinceEpoch: $0.seconds * 1_000_000 + Int64($0.nanos / 1_000)) }
  }
}
