internal import ServiceKit

/// The forms of the names that DataTables serves, and of those that it meets.
enum DataTablesNames {
  static let tableParent = ResourcePattern("entities/{entity-}")
  static let entity = ResourcePattern("entities/{entity}")
  static let table = ResourcePattern("entities/{entity}/customTables/{table}")
  static let row = ResourcePattern("entities/{entity}/customTables/{table}/rows/{row=}")
  /// A row that does not exist yet and has no key: `rows/-`.
  static let newRow = ResourcePattern("entities/{entity}/customTables/{table}/rows/{row-}")
  static let rowImport = ResourcePattern("entities/{entity}/customTables/{table}/imports/{import}")
  static let profileTable = ResourcePattern("entities/{entity}/profileTables/{table}")
  static let profile = ResourcePattern("entities/{entity}/profileTables/{table}/profiles/{profile=}")
}
