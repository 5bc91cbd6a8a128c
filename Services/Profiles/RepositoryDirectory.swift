internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Asks DataTables about the repositories that profiles refer to.
struct RepositoryDirectory: Sendable {
  static let pattern = ResourcePattern("entities/{entity}/customTables/{table}")
  static let missingReason = "The repository has no row of this key. Create the row first, or correct the key."

  /// Nil in a deployment without custom tables.
  private let peer: Peer?

  init(_ peer: Peer?) {
    self.peer = peer
  }

  /// Checks that a name leads to a repository.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND or INVALID_ARGUMENT, naming the field.
  func check(_ repository: ResourceMatch, field: String, call: Call) async throws {
    let entity = try call.access.require(.read, of: .tables, for: repository.name)
    var request = InternalV1.DescribeCustomTableRequest()
    request.name = repository.description
    let scope = Principal.Entity(id: entity, key: repository.id("entity"))
    let answer = try await ask(
      InternalV1.TableDirectoryService.describeCustomTable, request, entity: scope, deadline: call.deadline)
    guard answer.customTable?.type == .repository else {
      throw RPCError.invalid(field, "The table is no repository. Name a table of type REPOSITORY.")
    }
  }

  /// How a repository writes each of the keys that it has a row for: `be` of countries is `BE`. Profiles keep what it
  /// writes, which criteria are answered in.
  func written(_ keys: Set<String>, in repository: String, entity: Principal.Entity) async throws -> [String: String] {
    if keys.isEmpty { return [:] }
    var request = InternalV1.FindRowsRequest()
    request.table = repository
    request.keys = keys.sorted()
    request.keysOnly = true
    let answer = try await ask(InternalV1.TableDirectoryService.findRows, request, entity: entity, deadline: nil)
    return try answer.rows.mapValues { try FieldWriter.text(of: $0.values.first?.value) }
  }

  /// Answers criteria over rows of custom tables, in their order.
  func evaluate(
    _ request: InternalV1.BatchEvaluateRowsRequest, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> [InternalV1.EvaluateRowsResponse] {
    try await ask(
      InternalV1.TableDirectoryService.batchEvaluateRows, request, entity: entity, deadline: deadline
    ).answers
  }

  /// The keys of the rows of a repository that meet a condition.
  func evaluate(
    _ request: InternalV1.EvaluateRepositoryRequest, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> [String] {
    try await ask(
      InternalV1.TableDirectoryService.evaluateRepository, request, entity: entity, deadline: deadline
    ).keys
  }

  private func ask<Request, Response>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> Response {
    guard let peer else { throw RPCError.noRepositories }
    return try await peer.call(method, request, entity: entity, deadline: deadline)
  }
}
