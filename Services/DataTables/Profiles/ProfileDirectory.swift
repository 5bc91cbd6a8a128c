internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Asks Profiles about the profiles that rows belong to.
struct ProfileDirectory: Sendable {
  static let missingReason = "There is no such profile. Create it first, or correct the key."
  /// The most keys of one call.
  private static let mostKeys = 10_000

  let peer: Peer

  /// A profile table's definition and number.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND where there is none.
  func describe(
    _ name: ResourceMatch, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> InternalV1.DescribeProfileTableResponse {
    var request = InternalV1.DescribeProfileTableRequest()
    request.name = name.description
    return try await peer.call(
      InternalV1.ProfileDirectoryService.describeProfileTable, request, entity: entity, deadline: deadline)
  }

  /// The numbers of profiles by their keys, in their order; 0 where there is no such profile.
  ///
  /// - Parameters:
  ///   - attribute: a unique one; empty: keys are numbers.
  ///   - profileTable: by name.
  func resolve(
    _ keys: [TypeV1.Value], by attribute: String, in profileTable: String, entity: Principal.Entity,
    deadline: Deadline? = nil
  ) async throws -> [UInt32] {
    var numbers: [UInt32] = []
    numbers.reserveCapacity(keys.count)
    var rest = keys[...]
    while !rest.isEmpty {
      var request = InternalV1.ResolveProfilesRequest()
      request.profileTable = profileTable
      request.attribute = attribute
      request.keys = Array(rest.prefix(Self.mostKeys))
      let answer = try await peer.call(
        InternalV1.ProfileDirectoryService.resolveProfiles, request, entity: entity, deadline: deadline)
      guard answer.ids.count == request.keys.count else {
        throw RPCError(.internal, "Profiles answered for another number of keys. Report this.", reason: "BAD_ANSWER")
      }
      numbers += answer.ids
      rest = rest.dropFirst(Self.mostKeys)
    }
    return numbers
  }
}
