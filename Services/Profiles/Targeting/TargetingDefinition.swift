internal import Messages

/// A targeting as it is kept.
struct TargetingDefinition: Sendable {
  /// Within the licence, never used again.
  let number: Int64
  /// The number of the entity that it belongs to.
  let entity: Int64
  /// The number of the table whose profiles it picks.
  let profileTable: Int64
  /// As callers see it.
  let message: TargetingV1.Targeting

  /// The last part of its name.
  var id: String { message.name.split(separator: "/").last.map(String.init) ?? "" }
}
