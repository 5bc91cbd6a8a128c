internal import ServiceKit

/// The forms of the names that Profiles serves.
enum ProfileNames {
  static let tableParent = ResourcePattern("entities/{entity-}")
  static let entity = ResourcePattern("entities/{entity}")
  static let table = ResourcePattern("entities/{entity}/profileTables/{table}")
  static let profile = ResourcePattern("entities/{entity}/profileTables/{table}/profiles/{profile=}")
  static let profileImport = ResourcePattern("entities/{entity}/profileTables/{table}/imports/{import}")
  static let targeting = ResourcePattern("entities/{entity}/targetings/{targeting}")
}
