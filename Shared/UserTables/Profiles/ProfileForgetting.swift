package import Database
package import Messages

/// Profiles that are gone.
package struct GoneProfiles: Sendable {
  /// The number of their table.
  package let profileTable: Int64
  /// The number of their entity.
  package let entity: Int64
  /// Never empty; nil: all of them, with their table.
  package let numbers: [Int64]?
}

/// Where a service keeps something of the profiles of a table.
package protocol ProfilePlace: Sendable {
  /// The profile table's number.
  var profileTable: Int64 { get }
  /// The number of the entity that the profile table belongs to.
  var entity: Int64 { get }
}

/// What a service does about profiles that are gone.
package protocol ProfileForgetting: Sendable {
  associatedtype Place: ProfilePlace

  /// Forgets profiles. That may be for the second time.
  ///
  /// - Parameter transaction: in the worker's role, and so to be left; it may take others.
  func forget(_ gone: GoneProfiles, in transaction: Transaction) async throws

  /// All the places where something of profiles is kept.
  func places() async throws -> [Place]

  /// The numbers of profiles of which a place keeps something, in their order: as many as are asked for at once.
  ///
  /// - Parameter last: the number behind which they begin.
  func profiles(in place: Place, behind last: Int64) async throws -> [Int64]

  /// The numbers of profiles by number, as Profiles answers; 0 where there is no such profile any more.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND when there is no such table any more.
  func resolve(_ keys: [TypeV1.Value], in place: Place) async throws -> [UInt32]
}
