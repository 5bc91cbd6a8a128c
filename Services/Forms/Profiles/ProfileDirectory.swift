internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Asks Profiles about the profiles that answer, and writes their answers there.
struct ProfileDirectory: Sendable {
  private typealias Service = InternalV1.ProfileDirectoryService

  let peer: Peer

  /// A profile table's definition and number.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND where there is none.
  func describe(
    _ name: String, entity: Principal.Entity, deadline: Deadline? = nil
  ) async throws -> InternalV1.DescribeProfileTableResponse {
    var request = InternalV1.DescribeProfileTableRequest()
    request.name = name
    return try await peer.call(Service.describeProfileTable, request, entity: entity, deadline: deadline)
  }

  /// The numbers of profiles by their keys, in their order; 0 where there is no such profile.
  ///
  /// - Parameter attribute: a unique one; empty: keys are numbers.
  func resolve(
    _ keys: [TypeV1.Value], by attribute: String, in profileTable: String, entity: Principal.Entity,
    deadline: Deadline? = nil
  ) async throws -> [UInt32] {
    var request = InternalV1.ResolveProfilesRequest()
    request.profileTable = profileTable
    request.attribute = attribute
    request.keys = keys
    let answer = try await peer.call(Service.resolveProfiles, request, entity: entity, deadline: deadline)
    guard answer.ids.count == keys.count else {
      throw RPCError(.internal, "Profiles answered for another number of keys. Report this.", reason: "BAD_ANSWER")
    }
    return answer.ids
  }

  /// A profile of a form's table; nil where there is none any more.
  func read(
    _ profile: UInt32, of form: FormDefinition, deadline: Deadline?
  ) async throws -> ProfilesV1.Profile? {
    var request = InternalV1.ReadProfilesRequest()
    request.profileTable = form.message.profileTable
    request.ids = [profile]
    do {
      return try await peer.call(
        Service.readProfiles, request, entity: form.scope, deadline: deadline
      ).profiles.first
    } catch let error as RPCError where error.code == .notFound {
      // The whole table is gone.
      return nil
    }
  }

  /// Writes fields of a profile, once for each request id.
  func write(_ request: InternalV1.WriteProfileRequest, entity: Principal.Entity) async throws {
    _ = try await peer.call(Service.writeProfile, request, entity: entity)
  }
}

extension ProfileDirectory {
  /// The number of the profile that a name means, by number or by a unique attribute; nil where there is none.
  ///
  /// - Parameter field: carries the name.
  /// - Throws: ``RPCError`` INVALID_ARGUMENT when it is no profile of the form's table.
  func number(
    named text: String, of form: FormDefinition, field: String, deadline: Deadline?
  ) async throws -> UInt32? {
    let match = try name(text, as: FormsNames.profile, field: field)
    guard match.name.parent?.description == form.message.profileTable else {
      throw RPCError.invalid(field, "It is no profile of the form's table. Name one of \(form.message.profileTable).")
    }
    let (attribute, key) = try await key(match, of: form, field: field, deadline: deadline)
    let found = try await resolve(
      [key], by: attribute, in: form.message.profileTable, entity: form.scope, deadline: deadline)
    return found[0] == 0 ? nil : found[0]
  }

  private func key(
    _ match: ResourceMatch, of form: FormDefinition, field: String, deadline: Deadline?
  ) async throws -> (attribute: String, key: TypeV1.Value) {
    guard case .key(let id, let text) = match["profile"] else {
      guard let number = match["profile"].number else {
        throw RPCError.invalid(field, "It does not end in a profile's number. End it in one, or in `attribute=value`.")
      }
      return ("", TypeV1.Value(.int64Value(number)))
    }
    let table = try await describe(form.message.profileTable, entity: form.scope, deadline: deadline).profileTable
    guard let type = table?.attributes.first(where: { $0.id == id }).flatMap({ FieldType($0.type) }) else {
      throw RPCError.invalid(field, "“\(id)” is no unique attribute of the table. Name one that is.")
    }
    do throws(FieldProblem) {
      let storage = FieldDefinition(id: id, number: 0, type: type)
      let value = try FieldReader(zone: Zone(form.timeZone) ?? .utc).read(cell: Array(text.utf8)[...], for: storage)
      return (id, value.message ?? TypeV1.Value(.nullValue(.init())))
    } catch {
      throw RPCError.invalid(field, "The key: \(error.explanation)")
    }
  }
}
