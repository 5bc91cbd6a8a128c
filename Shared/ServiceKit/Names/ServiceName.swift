/// The services of the suite, by the name that each has in configuration, keys, schemas and logs.
package enum ServiceName: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// Who may what: tokens, keys, users, entities; the way in for everyone outside.
  case gateway
  /// Profile tables, profiles and targeting.
  case profiles
  /// Custom tables, rows and the timeline.
  case dataTables = "datatables"
  /// Messages, campaigns, sends.
  case messaging
  /// Forms and their answers.
  case forms
  /// Scenarios and webhooks.
  case automation

  /// The name as it is written.
  package var description: String { rawValue }
}
