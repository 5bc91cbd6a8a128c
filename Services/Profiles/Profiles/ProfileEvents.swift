internal import Database
internal import Messages
internal import ServiceKit

/// Tells the followers of the log what happens to profiles, in the transaction in which it happens.
enum ProfileEvents {
  static func changed(
    _ ids: [Int64], created: Bool, fields: [String], isBulk: Bool, in table: ProfileTableDefinition,
    transaction: Transaction
  ) async throws {
    try await append(ids, in: table, transaction: transaction) { profiles in
      var event = InternalV1.ProfilesChanged()
      event.profileTable = table.number
      event.profiles = profiles
      event.created = created
      event.fields = fields
      event.bulk = isBulk
      return event
    }
  }

  static func deleted(_ ids: [Int64], in table: ProfileTableDefinition, transaction: Transaction) async throws {
    try await append(ids, in: table, transaction: transaction) { profiles in
      var event = InternalV1.ProfileDeleted()
      event.profileTable = table.number
      event.profiles = profiles
      return event
    }
  }

  /// All profiles of a table, with it.
  static func deleted(_ table: ProfileTableDefinition, transaction: Transaction) async throws {
    var event = InternalV1.ProfileTableDeleted()
    event.profileTable = table.number
    // Its place among the events of the profiles does not matter: nothing takes their end back.
    let entry = try LogEntry(event, entity: table.entity, profileTable: table.number, partition: 0)
    try await Log.append([entry], in: transaction)
  }

  /// One event for each partition that the profiles lie in.
  private static func append<Event: Message>(
    _ ids: [Int64], in table: ProfileTableDefinition, transaction: Transaction, _ event: ([UInt32]) -> Event
  ) async throws {
    let byPartition = Dictionary(grouping: ids.map { UInt32($0) }, by: Log.partition(ofProfile:))
    let entries = try byPartition.sorted { $0.key < $1.key }.map { partition, profiles in
      if let only = profiles.first, profiles.count == 1 {
        return try LogEntry(event([only]), entity: table.entity, profileTable: table.number, profile: only)
      }
      return try LogEntry(event(profiles), entity: table.entity, profileTable: table.number, partition: partition)
    }
    try await Log.append(entries, in: transaction)
  }
}
