package import Database
package import Messages
internal import RPC
internal import ServiceKit

/// Forgets profiles that are gone, as Profiles tells it.
package struct ProfileFollower<Forgetting: ProfileForgetting>: LogEffect {
  private let forgetting: Forgetting
  private let tombstones: Tombstones?
  private let database: Database

  /// - Parameters:
  ///   - forgetting: what the service does about them.
  ///   - tombstones: nil: nothing is written for a profile once it is gone.
  package init(_ forgetting: Forgetting, tombstones: Tombstones?, database: Database) {
    self.forgetting = forgetting
    self.tombstones = tombstones
    self.database = database
  }

  package var types: [String] {
    [InternalV1.ProfileDeleted.descriptor.name, InternalV1.ProfileTableDeleted.descriptor.name]
  }

  package func apply(_ events: [InternalV1.LogEvent], in transaction: Transaction) async throws {
    for event in events {
      if let gone = try GoneProfiles(event) { try await forget(gone, in: transaction) }
    }
  }

  private func forget(_ gone: GoneProfiles, in transaction: Transaction) async throws {
    try await tombstones?.add(gone, in: transaction)
    try await forgetting.forget(gone, in: transaction)
  }

  // MARK: - After a gap

  /// Asks Profiles about every profile of which something is kept.
  package func rebuild() async throws {
    for place in try await forgetting.places() {
      var last: Int64 = 0
      while case let known = try await forgetting.profiles(in: place, behind: last), let end = known.last {
        last = end
        guard let gone = try await missing(known, in: place) else { continue }
        try await database.transaction(as: .worker) { try await forget(gone, in: $0) }
      }
    }
  }

  /// Those of the profiles that Profiles does not know; all, when it does not know their table; nil when it knows them.
  private func missing(_ numbers: [Int64], in place: Forgetting.Place) async throws -> GoneProfiles? {
    var gone: [Int64]?
    do {
      let found = try await forgetting.resolve(numbers.map { TypeV1.Value(.int64Value($0)) }, in: place)
      gone = zip(numbers, found).filter { $0.1 == 0 }.map(\.0)
    } catch let error as RPCError where error.code == .notFound {
      gone = nil
    }
    if gone?.isEmpty == true { return nil }
    return GoneProfiles(profileTable: place.profileTable, entity: place.entity, numbers: gone)
  }
}

extension GoneProfiles {
  /// What an event tells; nil when it tells of none.
  fileprivate init?(_ event: InternalV1.LogEvent) throws {
    switch event.type {
    case InternalV1.ProfileDeleted.descriptor.name:
      let deleted = try InternalV1.ProfileDeleted(decoding: event.body)
      if deleted.profiles.isEmpty { return nil }
      self.init(
        profileTable: deleted.profileTable, entity: event.entity, numbers: deleted.profiles.map(Int64.init))
    case InternalV1.ProfileTableDeleted.descriptor.name:
      let deleted = try InternalV1.ProfileTableDeleted(decoding: event.body)
      self.init(profileTable: deleted.profileTable, entity: event.entity, numbers: nil)
    default: return nil
    }
  }
}
