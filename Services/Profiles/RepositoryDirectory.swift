internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Asks DataTables about the repositories that profiles refer to.
struct RepositoryDirectory: Sendable {
  static let pattern = ResourcePattern("entities/{entity}/customTables/{table}")
  static let missingReason = "The repository has no row of this key. Create the row first, or correct the key."

  private let peers: Peers
  private let identity: WorkloadIdentity

  init(peers: Peers, identity: WorkloadIdentity) {
    self.peers = peers
    self.identity = identity
  }

  private var client: RPCClient {
    get throws(RPCError) {
      do { return try peers.client(of: .dataTables) } catch { throw .noRepositories }
    }
  }

  /// Checks that a name leads to a repository.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND or INVALID_ARGUMENT, naming the field.
  func check(_ repository: ResourceMatch, field: String, call: Call) async throws {
    let entity = try call.access.require(.read, of: .tables, for: repository.name)
    var request = InternalV1.DescribeCustomTableRequest()
    request.name = repository.description
    let scope = Principal.Entity(id: entity, key: repository.id("entity"))
    let answer = try await client.call(
      InternalV1.TableDirectoryService.describeCustomTable, request, options: options(scope, deadline: call.deadline))
    guard answer.customTable?.type == .repository else {
      throw RPCError.invalid(field, "The table is no repository. Name a table of type REPOSITORY.")
    }
  }

  /// Those of the keys that the repository has no row for.
  func missing(_ keys: Set<String>, in repository: String, entity: Principal.Entity) async throws -> Set<String> {
    if keys.isEmpty { return [] }
    var request = InternalV1.FindRowsRequest()
    request.table = repository
    request.keys = keys.sorted()
    request.keysOnly = true
    let answer = try await client.call(
      InternalV1.TableDirectoryService.findRows, request, options: options(entity, deadline: nil))
    return keys.subtracting(answer.rows.keys)
  }

  /// Answers criteria over rows of custom tables, in their order.
  func evaluate(
    _ request: InternalV1.BatchEvaluateRowsRequest, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> [InternalV1.EvaluateRowsResponse] {
    try await client.call(
      InternalV1.TableDirectoryService.batchEvaluateRows, request, options: options(entity, deadline: deadline)
    ).answers
  }

  /// The keys of the rows of a repository that meet a condition.
  func evaluate(
    _ request: InternalV1.EvaluateRepositoryRequest, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> [String] {
    try await client.call(
      InternalV1.TableDirectoryService.evaluateRepository, request, options: options(entity, deadline: deadline)
    ).keys
  }

  private func options(_ entity: Principal.Entity, deadline: Deadline?) throws -> CallOptions {
    var options = CallOptions()
    options.deadline = deadline
    options.metadata = try identity.metadata(for: .dataTables, scope: .entities([entity]))
    if deadline == nil { options.timeout = .seconds(30) }
    return options
  }
}
