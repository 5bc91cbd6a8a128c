internal import Database
internal import Messages
internal import UserTables

/// What a caller wants of a profile's fields, checked against the table's definition.
struct ProfileChange: Sendable {
  /// The value of each field that is to change, by its place in the definition; null clears.
  private(set) var values: [(field: ProfileField, value: SQLValue)] = []

  /// Reads the fields of a message.
  ///
  /// - Parameters:
  ///   - fields: as sent.
  ///   - mask: the fields that change; one that is not sent is cleared. Nil: those that are sent.
  /// - Throws: ``FieldFault`` with everything that is wrong.
  init(
    _ fields: [String: TypeV1.Value], mask: [String]? = nil, table: ProfileTableDefinition, reader: FieldReader
  ) throws {
    var problems: [FieldFault.Problem] = []
    for id in mask ?? fields.keys.sorted() {
      guard let field = table.field(id) else {
        problems.append(.init("profile.fields.\(id)", "The table has no field of this name. Send one that it has."))
        continue
      }
      do {
        values.append((field, try reader.read(fields[id] ?? TypeV1.Value(.nullValue(.init())), for: field.storage)))
      } catch {
        problems.append(.init("profile.fields.\(id)", error.explanation))
      }
    }
    if !problems.isEmpty { throw FieldFault(problems) }
  }

  /// Adds a value that the caller did not send as a field: the key that addresses the profile.
  ///
  /// - Throws: ``FieldFault`` when the field was sent with another value.
  mutating func set(_ field: ProfileField, to value: SQLValue) throws {
    if let sent = values.first(where: { $0.field.storage.id == field.storage.id }) {
      guard sent.value == value else {
        throw FieldFault([
          .init(
            "profile.fields.\(field.storage.id)", "The field differs from the key in the name. Send the same value.")
        ])
      }
      return
    }
    values.append((field, value))
  }

  /// Replaces a value that the caller sent.
  mutating func replace(_ field: ProfileField, by value: SQLValue) {
    guard let place = values.firstIndex(where: { $0.field.storage.id == field.storage.id }) else { return }
    values[place].value = value
  }

  /// Adds the defaults of a new profile, and checks that nothing is missing.
  ///
  /// - Throws: ``FieldFault`` naming every required field without a value.
  mutating func complete(for table: ProfileTableDefinition) throws {
    for field in table.fields {
      guard !values.contains(where: { $0.field.storage.id == field.storage.id }), let value = field.defaultValue
      else { continue }
      values.append((field, .text(value)))
    }
    let missing = table.fields.filter { field in
      field.storage.isRequired && !values.contains { $0.field.storage.id == field.storage.id && $0.value != .null }
    }
    if !missing.isEmpty {
      throw FieldFault(
        missing.map { .init("profile.fields.\($0.storage.id)", "The field is required. Send a value.") })
    }
  }
}
