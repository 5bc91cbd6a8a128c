internal import Database
internal import Messages
internal import ServiceKit

/// A row as events name it.
struct RowReference: Sendable, Hashable {
  let number: Int64
  /// 0 in a repository.
  let profile: Int64
}

/// Tells the followers of the log what happens to rows, in the transaction in which it happens.
enum RowEvents {
  /// The most rows of one event, so that its body stays well below ``Log/largestBody``.
  private static let mostRows = 5_000

  static func changed(
    _ rows: [RowReference], created: Bool, columns: [String], isBulk: Bool, in table: CustomTableDefinition,
    transaction: Transaction
  ) async throws {
    try await append(rows, in: table, transaction: transaction) { numbers, profiles in
      var event = InternalV1.RowsChanged()
      event.customTable = table.number
      event.rows = numbers
      event.profiles = profiles
      event.created = created
      event.columns = columns
      event.bulk = isBulk
      return event
    }
  }

  static func deleted(
    _ rows: [RowReference], in table: CustomTableDefinition, transaction: Transaction
  ) async throws {
    try await append(rows, in: table, transaction: transaction) { numbers, profiles in
      var event = InternalV1.RowsDeleted()
      event.customTable = table.number
      event.rows = numbers
      event.profiles = profiles
      return event
    }
  }

  /// One event for each partition that the rows' profiles lie in, or several where they are many.
  private static func append<Event: Message>(
    _ rows: [RowReference], in table: CustomTableDefinition, transaction: Transaction,
    _ event: ([Int64], [UInt32]) -> Event
  ) async throws {
    let hasOwner = table.owner != nil
    let byPartition = Dictionary(grouping: rows) { row in
      hasOwner ? Log.partition(ofProfile: UInt32(clamping: row.profile)) : 0
    }
    var entries: [LogEntry] = []
    for (partition, all) in byPartition.sorted(by: { $0.key < $1.key }) {
      var rest = all[...]
      while !rest.isEmpty {
        let some = rest.prefix(mostRows)
        rest = rest.dropFirst(mostRows)
        let profiles = hasOwner ? some.map { UInt32(clamping: $0.profile) } : []
        let message = event(some.map(\.number), profiles)
        entries.append(try entry(message, profiles: profiles, partition: partition, table: table))
      }
    }
    try await Log.append(entries, in: transaction)
  }

  private static func entry(
    _ message: some Message, profiles: [UInt32], partition: Int, table: CustomTableDefinition
  ) throws -> LogEntry {
    guard let owner = table.owner else { return try LogEntry(message, entity: table.entity) }
    if let only = profiles.first, profiles.count == 1 {
      return try LogEntry(message, entity: table.entity, profileTable: owner.number, profile: only)
    }
    return try LogEntry(message, entity: table.entity, profileTable: owner.number, partition: partition)
  }
}
