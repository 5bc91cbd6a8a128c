internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Asks Profiles whom a targeting holds.
struct TargetingDirectory: Sendable {
  let peer: Peer

  /// The profile table that a targeting picks from.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND when there is no such targeting.
  func profileTable(of name: String, entity: Principal.Entity, deadline: Deadline?) async throws -> String {
    var request = InternalV1.DescribeTargetingRequest()
    request.name = name
    return try await peer.call(
      InternalV1.TargetingDirectoryService.describeTargeting, request, entity: entity, deadline: deadline
    ).profileTable
  }

  /// - Throws: ``RPCError`` NOT_FOUND when there is no such targeting.
  func evaluate(
    _ name: String, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> InternalV1.EvaluateTargetingResponse {
    var request = InternalV1.EvaluateTargetingRequest()
    request.name = name
    return try await peer.call(
      InternalV1.TargetingDirectoryService.evaluateTargeting, request, entity: entity, deadline: deadline)
  }
}

/// Asks Profiles about tables and profiles.
struct ProfileDirectory: Sendable {
  let peer: Peer

  /// - Throws: ``RPCError`` NOT_FOUND where there is none.
  func describe(
    _ name: String, entity: Principal.Entity, deadline: Deadline? = nil
  ) async throws -> ProfileTableShape {
    var request = InternalV1.DescribeProfileTableRequest()
    request.name = name
    let answer = try await peer.call(
      InternalV1.ProfileDirectoryService.describeProfileTable, request, entity: entity, deadline: deadline)
    return ProfileTableShape(answer)
  }

  /// The number of a profile by a key; 0 where there is none.
  func resolve(
    _ key: TypeV1.Value, by attribute: String, in table: String, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> UInt32 {
    var request = InternalV1.ResolveProfilesRequest()
    request.profileTable = table
    request.attribute = attribute
    request.keys = [key]
    let answer = try await peer.call(
      InternalV1.ProfileDirectoryService.resolveProfiles, request, entity: entity, deadline: deadline)
    return answer.ids.first ?? 0
  }

  /// Profiles by number. One that does not exist is left out.
  ///
  /// - Parameter ids: at most 1,000.
  func read(
    _ ids: [UInt32], in table: String, entity: Principal.Entity, deadline: Deadline? = nil
  ) async throws -> [UInt32: ProfilesV1.Profile] {
    var request = InternalV1.ReadProfilesRequest()
    request.profileTable = table
    request.ids = ids
    let answer = try await peer.call(
      InternalV1.ProfileDirectoryService.readProfiles, request, entity: entity, deadline: deadline)
    let pairs = answer.profiles.compactMap { profile in
      profile.name.split(separator: "/").last.flatMap { UInt32($0) }.map { ($0, profile) }
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// Ends a subscription, once for each request id.
  ///
  /// - Returns: false when the profile, or its table, does not exist any more.
  func unsubscribe(
    _ profile: UInt32, of table: String, from subscription: String, entity: Principal.Entity, requestID: String
  ) async throws -> Bool {
    var request = InternalV1.WriteProfileRequest()
    var message = ProfilesV1.Profile()
    message.name = "\(table)/profiles/\(profile)"
    message.fields = [subscription: TypeV1.Value(.boolValue(false))]
    request.profile = message
    request.provenance = .init()
    request.provenance?.source = "unsubscribe link"
    request.provenance?.way = "link"
    request.requestId = requestID
    do {
      _ = try await peer.call(InternalV1.ProfileDirectoryService.writeProfile, request, entity: entity)
      return true
    } catch let error as RPCError where error.code == .notFound {
      return false
    }
  }
}

/// Asks DataTables about tables and rows.
struct RowDirectory: Sendable {
  let peer: Peer

  /// - Throws: ``RPCError`` NOT_FOUND where there is none.
  func describe(
    _ name: String, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> TablesV1.CustomTable {
    var request = InternalV1.DescribeCustomTableRequest()
    request.name = name
    let answer = try await peer.call(
      InternalV1.TableDirectoryService.describeCustomTable, request, entity: entity, deadline: deadline)
    return answer.customTable ?? .init()
  }

  /// Rows of a repository by their business keys. A key without a row is left out.
  func find(
    _ keys: Set<String>, in repository: String, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> [String: TablesV1.Row] {
    if keys.isEmpty { return [:] }
    var request = InternalV1.FindRowsRequest()
    request.table = repository
    request.keys = keys.sorted()
    return try await peer.call(
      InternalV1.TableDirectoryService.findRows, request, entity: entity, deadline: deadline
    ).rows
  }

  /// The latest rows of each profile, newest first.
  func latest(
    _ profiles: [UInt32], in table: String, limit: Int, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> [UInt32: [TablesV1.Row]] {
    var request = InternalV1.ListLatestRowsRequest()
    request.table = table
    request.profiles = profiles
    request.limit = Int32(limit)
    return try await peer.call(
      InternalV1.TableDirectoryService.listLatestRows, request, entity: entity, deadline: deadline
    ).profiles.mapValues(\.rows)
  }
}
