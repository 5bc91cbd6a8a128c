internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// What a caller wants of a row's values, checked against the table's definition.
struct RowChange: Sendable {
  /// The value of each field that is to change; null clears. A profile stands there by its key until it is resolved.
  private(set) var values: [(field: TableField, value: SQLValue)] = []

  /// Reads the values of a message.
  ///
  /// - Parameters:
  ///   - sent: as sent.
  ///   - mask: the fields that change; one that is not sent is cleared. Nil: those that are sent.
  /// - Throws: ``FieldFault`` with everything that is wrong.
  init(
    _ sent: [String: TypeV1.Value], mask: [String]? = nil, table: CustomTableDefinition, reader: FieldReader
  ) throws(FieldFault) {
    var problems: [FieldFault.Problem] = []
    for id in mask ?? sent.keys.sorted() {
      guard let field = table.field(id) else {
        problems.append(.init("row.values.\(id)", "The table has no column of this name. Send one that it has."))
        continue
      }
      do {
        values.append((field, try reader.read(sent[id] ?? TypeV1.Value(.nullValue(.init())), for: field.storage)))
      } catch {
        problems.append(.init("row.values.\(id)", error.explanation))
      }
    }
    if !problems.isEmpty { throw FieldFault(problems) }
  }

  /// Adds a value that the caller did not send as a value: the key that addresses the row.
  ///
  /// - Throws: ``FieldFault`` when it was sent differently.
  mutating func set(_ field: TableField, to value: SQLValue) throws(FieldFault) {
    if let sent = values.first(where: { $0.field.storage.id == field.storage.id }) {
      guard sent.value == value else {
        throw FieldFault([
          .init("row.values.\(field.storage.id)", "The value differs from the key in the name. Send the same.")
        ])
      }
      return
    }
    values.append((field, value))
  }

  /// Checks that a new row lacks nothing.
  ///
  /// - Throws: ``FieldFault`` naming every required field without a value.
  func checkComplete(for table: CustomTableDefinition) throws(FieldFault) {
    let missing = table.fields.filter { field in
      field.storage.isRequired && !values.contains { $0.field.storage.id == field.storage.id && $0.value != .null }
    }
    if !missing.isEmpty {
      throw FieldFault(missing.map { .init("row.values.\($0.storage.id)", "The column is required. Send a value.") })
    }
  }

  /// Puts the profile's number in the place of its key.
  ///
  /// - Throws: ``FieldFault`` when there is no such profile.
  mutating func resolveProfile(
    _ directory: ProfileDirectory, owner: ProfileOwner?, entity: Principal.Entity, deadline: Deadline?
  ) async throws {
    guard let owner, let place = values.firstIndex(where: { $0.field.kind == .profile }) else { return }
    let link = values[place].field
    guard let key = values[place].value.message else { return }
    let number = try await directory.resolve(
      [key], by: owner.keyAttribute, in: owner.name, entity: entity, deadline: deadline)[0]
    guard number != 0 else {
      throw FieldFault([.init("row.values.\(link.storage.id)", ProfileDirectory.missingReason)])
    }
    values[place].value = .int(Int64(number))
  }

  /// The profile that the row is to belong to, once it is resolved; nil when that does not change.
  var profile: Int64? {
    for (field, value) in values where field.kind == .profile {
      if case .int(let number) = value { return number }
    }
    return nil
  }
}
