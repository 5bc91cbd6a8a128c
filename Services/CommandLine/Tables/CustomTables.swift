import ArgumentParser
import Messages

/// Custom tables, for the commands that define them.
enum CustomTables: FillableResource {
  static let command = "rows tables"
  static let noun = "custom table"
  static let example = "entities/b2c/customTables/orders"
  static let content = "rows"

  static func create(
    _ definition: TablesV1.CustomTable, id: String, in entity: String, _ session: Session
  ) async throws -> TablesV1.CustomTable {
    var request = TablesV1.CreateCustomTableRequest()
    request.parent = entity
    request.customTableId = id
    request.customTable = definition
    return try await session.call(TablesV1.TableService.createCustomTable, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> TablesV1.CustomTable {
    var request = TablesV1.GetCustomTableRequest()
    request.name = name
    return try await session.call(TablesV1.TableService.getCustomTable, request)
  }

  static func list(
    in entity: String, _ page: PageOptions, _ session: Session
  ) async throws -> TablesV1.ListCustomTablesResponse {
    var request = TablesV1.ListCustomTablesRequest()
    request.parent = entity
    return try await session.page(TablesV1.TableService.listCustomTables, request, page)
  }

  static func update(
    _ definition: TablesV1.CustomTable, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> TablesV1.CustomTable {
    var request = TablesV1.UpdateCustomTableRequest()
    var definition = definition
    definition.name = name
    request.customTable = definition
    request.updateMask = mask
    return try await session.call(TablesV1.TableService.updateCustomTable, request)
  }

  static func delete(_ name: String, withContent: Bool, _ session: Session) async throws {
    var request = TablesV1.DeleteCustomTableRequest()
    request.name = name
    request.force = withContent
    _ = try await session.call(TablesV1.TableService.deleteCustomTable, request)
  }

  static func table(of definitions: [TablesV1.CustomTable]) -> TextTable {
    var table = TextTable("NAME", "TYPE", "DISPLAY NAME", "FIELDS", "VERSION", empty: "There is no custom table.")
    table.rows = definitions.map {
      [$0.name, EnumWord.text($0.type), $0.displayName, "\(TableShape($0).fields.count)", "\($0.version)"]
    }
    return table
  }

  static func text(of definition: TablesV1.CustomTable) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("Type", EnumWord.text(definition.type))
    details.add("Profiles", definition.profileTable)
    details.add("Key", definition.keyColumn)
    details.add("Time", definition.timeColumn)
    details.add("Version", definition.version)
    details.add("Created", definition.createTime)
    details.add("Updated", definition.updateTime)
    var table = TextTable("FIELD", "KIND", "TYPE", "RULES", "DISPLAY NAME", empty: "It has no columns.")
    if let link = definition.profileLink {
      let key = link.keyAttribute.isEmpty ? "by number" : "by \(link.keyAttribute)"
      table.rows.append([link.id, "profile", key, "required", ""])
    }
    table.rows += definition.columns.map { [$0.id, "column", EnumWord.text($0.type), $0.rules, $0.displayName] }
    table.rows += definition.links.map { [$0.id, "link", $0.table, $0.rules, $0.displayName] }
    return details.text + "\n\n" + table.text
  }
}

extension TablesV1.Column {
  fileprivate var rules: String {
    var rules: [String] = []
    if required { rules.append("required") }
    if unique { rules.append("unique") }
    if indexed { rules.append("indexed") }
    if minLength > 0 { rules.append("at least \(minLength)") }
    if maxLength > 0 { rules.append("at most \(maxLength)") }
    if !acceptedValues.isEmpty { rules.append(acceptedValues.joined(separator: "|")) }
    return rules.joined(separator: ", ")
  }
}

extension TablesV1.RowLink {
  fileprivate var rules: String {
    var rules: [String] = []
    if required { rules.append("required") }
    if onDelete != .unspecified { rules.append("on delete \(EnumWord.text(onDelete))") }
    return rules.joined(separator: ", ")
  }
}
