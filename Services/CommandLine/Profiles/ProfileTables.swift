import ArgumentParser
import Messages

/// Profile tables, for the commands that define them.
enum ProfileTables: FillableResource {
  static let command = "profiles tables"
  static let noun = "profile table"
  static let example = "entities/b2c/profileTables/customers"
  static let content = "profiles"

  static func create(
    _ definition: ProfilesV1.ProfileTable, id: String, in entity: String, _ session: Session
  ) async throws -> ProfilesV1.ProfileTable {
    var request = ProfilesV1.CreateProfileTableRequest()
    request.parent = entity
    request.profileTableId = id
    request.profileTable = definition
    return try await session.call(ProfilesV1.ProfileService.createProfileTable, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> ProfilesV1.ProfileTable {
    var request = ProfilesV1.GetProfileTableRequest()
    request.name = name
    return try await session.call(ProfilesV1.ProfileService.getProfileTable, request)
  }

  static func list(
    in entity: String, _ page: PageOptions, _ session: Session
  ) async throws -> ProfilesV1.ListProfileTablesResponse {
    var request = ProfilesV1.ListProfileTablesRequest()
    request.parent = entity
    return try await session.page(ProfilesV1.ProfileService.listProfileTables, request, page)
  }

  static func update(
    _ definition: ProfilesV1.ProfileTable, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> ProfilesV1.ProfileTable {
    var request = ProfilesV1.UpdateProfileTableRequest()
    var definition = definition
    definition.name = name
    request.profileTable = definition
    request.updateMask = mask
    return try await session.call(ProfilesV1.ProfileService.updateProfileTable, request)
  }

  static func delete(_ name: String, withContent: Bool, _ session: Session) async throws {
    var request = ProfilesV1.DeleteProfileTableRequest()
    request.name = name
    request.force = withContent
    _ = try await session.call(ProfilesV1.ProfileService.deleteProfileTable, request)
  }

  static func table(of definitions: [ProfilesV1.ProfileTable]) -> TextTable {
    var table = TextTable("NAME", "DISPLAY NAME", "FIELDS", "VERSION", "UPDATED", empty: "There is no profile table.")
    table.rows = definitions.map {
      [$0.name, $0.displayName, "\(TableShape($0).fields.count)", "\($0.version)", Moment.text($0.updateTime)]
    }
    return table
  }

  static func text(of definition: ProfilesV1.ProfileTable) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("Version", definition.version)
    details.add("Created", definition.createTime)
    details.add("Updated", definition.updateTime)
    var table = TextTable("FIELD", "KIND", "TYPE", "RULES", "DISPLAY NAME", empty: "It has no fields.")
    table.rows =
      definition.attributes.map { [$0.id, "attribute", $0.typeText, $0.rules, $0.displayName] }
      + definition.subscriptions.map { [$0.id, "subscription", EnumWord.text($0.channel), "", $0.displayName] }
      + definition.segments.map { [$0.id, "segment", $0.choices.joined(separator: "|"), $0.rules, $0.displayName] }
      + definition.references.map { [$0.id, "reference", $0.repository, "", $0.displayName] }
    return details.text + "\n\n" + table.text
  }
}

extension ProfilesV1.Attribute {
  fileprivate var typeText: String { EnumWord.text(type) + (multiValued ? "[]" : "") }

  fileprivate var rules: String {
    var rules: [String] = []
    if required { rules.append("required") }
    if unique == true { rules.append("unique") }
    if minLength > 0 { rules.append("at least \(minLength)") }
    if maxLength > 0 { rules.append("at most \(maxLength)") }
    if !acceptedValues.isEmpty { rules.append(acceptedValues.joined(separator: "|")) }
    return rules.joined(separator: ", ")
  }
}

extension ProfilesV1.Segment {
  fileprivate var rules: String {
    var rules: [String] = []
    if mandatory { rules.append("mandatory") }
    if !defaultChoice.isEmpty { rules.append("default \(defaultChoice)") }
    return rules.joined(separator: ", ")
  }
}
