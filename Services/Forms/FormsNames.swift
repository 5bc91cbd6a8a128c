internal import ServiceKit

/// The forms of the names that Forms serves, and of those that it meets.
enum FormsNames {
  static let formParent = ResourcePattern("entities/{entity-}")
  static let entity = ResourcePattern("entities/{entity}")
  static let form = ResourcePattern("entities/{entity}/forms/{form}")
  static let participation = ResourcePattern("entities/{entity}/forms/{form}/participations/{participation}")
  static let profileTable = ResourcePattern("entities/{entity}/profileTables/{table}")
  static let profile = ResourcePattern("entities/{entity}/profileTables/{table}/profiles/{profile=}")
}
