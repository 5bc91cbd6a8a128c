internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

extension ProfileDirectory {
  /// The numbers of the profile that a name means, by number or by a unique attribute, and of its table.
  ///
  /// - Parameter field: carries the name.
  /// - Throws: ``RPCError`` NOT_FOUND where there is none.
  func find(
    _ match: ResourceMatch, field: String, entity: Principal.Entity, deadline: Deadline?
  ) async throws -> (table: Int64, profile: UInt32) {
    guard let tableName = match.name.parent else { throw RPCError.notFound(match.name) }
    let table = try await describe(
      DataTablesNames.profileTable.match(tableName), entity: entity, deadline: deadline)
    let zone = Zone(entity.timeZone) ?? .utc
    let (attribute, key) = try key(match, of: table.profileTable ?? .init(), zone: zone, field: field)
    let found = try await resolve(
      [key], by: attribute, in: tableName.description, entity: entity, deadline: deadline)
    guard found[0] != 0 else { throw RPCError.notFound(match.name) }
    return (table.number, found[0])
  }

  private func key(
    _ match: ResourceMatch, of table: ProfilesV1.ProfileTable, zone: Zone, field: String
  ) throws(RPCError) -> (attribute: String, key: TypeV1.Value) {
    guard case .key(let id, let text) = match["profile"] else {
      guard let number = match["profile"].number else { throw .notFound(match.name) }
      return ("", TypeV1.Value(.int64Value(number)))
    }
    guard let type = table.attributes.first(where: { $0.id == id }).flatMap({ FieldType($0.type) }) else {
      throw .invalid(field, "“\(id)” is no unique attribute of the table. Name one that is.")
    }
    do throws(FieldProblem) {
      let definition = FieldDefinition(id: id, number: 0, type: type)
      let value = try FieldReader(zone: zone).read(cell: Array(text.utf8)[...], for: definition)
      return (id, value.message ?? .init())
    } catch {
      throw .invalid(field, "The key: \(error.explanation)")
    }
  }
}
