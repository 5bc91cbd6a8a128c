internal import Messages
internal import UserTables

/// The rules for what stands in a targeting beside its criteria.
enum TargetingRules {
  /// - Throws: ``FieldFault`` with the first thing that is wrong.
  static func check(
    _ targeting: TargetingV1.Targeting, of table: ProfileTableDefinition
  ) throws(FieldFault) {
    do throws(DefinitionFault) {
      try FieldRules.checkLabel(targeting.displayName, at: "display_name")
    } catch { throw FieldFault([.init(error.field, error.explanation)]) }
    if let limit = targeting.limit { try check(limit, of: table) }
  }

  private static func check(
    _ limit: TargetingV1.Limit, of table: ProfileTableDefinition
  ) throws(FieldFault) {
    switch limit.size {
    case .count(let count):
      if count < 1 { throw FieldFault([.init("limit.count", "It is below 1. Send 1 or more.")]) }
    case .percent(let percent):
      if !(percent > 0 && percent <= 100) {
        throw FieldFault([.init("limit.percent", "It is above 0 and up to 100. Send such.")])
      }
    case nil: throw FieldFault([.init("limit", "It has no size set. Set `count` or `percent`, or leave it out.")])
    }
    if !limit.topBy.isEmpty { _ = try orderingField(limit, of: table) }
  }

  /// The attribute whose greatest values come first.
  static func orderingField(
    _ limit: TargetingV1.Limit, of table: ProfileTableDefinition
  ) throws(FieldFault) -> ProfileField {
    guard let field = table.field(limit.topBy), field.kind == .attribute else {
      throw FieldFault([
        .init("limit.top_by", "The profile table has no attribute of this name. Name one that it has.")
      ])
    }
    guard !field.storage.isMultiValued, field.storage.type.isOrdered else {
      throw FieldFault([.init("limit.top_by", "Only one number, date or time has a greatest value. Name another.")])
    }
    return field
  }
}

extension TargetingV1.Limit {
  /// How many of so many it picks.
  func size(of count: Int) -> Int {
    switch size {
    case .count(let most): min(count, Int(most))
    case .percent(let percent): min(count, Int((Double(count) * percent / 100).rounded(.up)))
    case nil: count
    }
  }
}
