internal import ServiceKit

/// The forms of the names that Automation serves, and of those that it meets.
enum AutomationNames {
  static let scenarioParent = ResourcePattern("entities/{entity-}")
  static let entity = ResourcePattern("entities/{entity}")
  static let scenario = ResourcePattern("entities/{entity}/scenarios/{scenario}")
  static let execution = ResourcePattern("entities/{entity}/scenarios/{scenario}/executions/{execution}")
  static let profileTable = ResourcePattern("entities/{entity}/profileTables/{table}")
  static let profile = ResourcePattern("entities/{entity}/profileTables/{table}/profiles/{profile=}")
  static let customTable = ResourcePattern("entities/{entity}/customTables/{table}")
  static let campaign = ResourcePattern("entities/{entity}/campaigns/{campaign}")
  static let form = ResourcePattern("entities/{entity}/forms/{form}")
  static let participation = ResourcePattern("entities/{entity}/forms/{form}/participations/{participation}")
}
