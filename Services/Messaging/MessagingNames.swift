internal import ServiceKit

/// The forms of the names that Messaging serves, and of those that it meets.
enum MessagingNames {
  static let parent = ResourcePattern("entities/{entity-}")
  static let entity = ResourcePattern("entities/{entity}")
  static let sender = ResourcePattern("entities/{entity}/senders/{sender}")
  static let campaign = ResourcePattern("entities/{entity}/campaigns/{campaign}")
  static let profileTable = ResourcePattern("entities/{entity}/profileTables/{table}")
  static let profile = ResourcePattern("entities/{entity}/profileTables/{table}/profiles/{profile=}")
  static let targeting = ResourcePattern("entities/{entity}/targetings/{targeting}")
}
