internal import Messages
internal import UserTables

/// The fields of a profile table as Profiles describes it, for what a scenario compares and writes.
struct DescribedFields: Sendable {
  private let fields: [String: FieldDefinition]

  init(_ table: ProfilesV1.ProfileTable) {
    var all = table.attributes.compactMap(FieldDefinition.init(attribute:))
    all += table.subscriptions.map { FieldDefinition(id: $0.id, number: 0, type: .boolean) }
    all += table.segments.map(FieldDefinition.init(segment:))
    all += table.references.map { FieldDefinition(id: $0.id, number: 0, type: .string) }
    fields = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The field of a technical name.
  subscript(id: String) -> FieldDefinition? { fields[id] }
}

extension FieldDefinition {
  fileprivate init?(attribute: ProfilesV1.Attribute) {
    var bounds = FieldRules.Bounds(type: attribute.type)
    bounds.isUnique = attribute.unique ?? (attribute.meaning == .emailAddress)
    bounds.isMultiValued = attribute.multiValued
    bounds.minLength = attribute.minLength
    bounds.maxLength = attribute.maxLength
    bounds.acceptedValues = attribute.acceptedValues
    self.init(id: attribute.id, number: 0, bounds: bounds)
    isRequired = attribute.required
    isTimeZone = attribute.meaning == .timeZone
  }

  fileprivate init(segment: ProfilesV1.Segment) {
    self.init(id: segment.id, number: 0, type: segment.choices.isEmpty ? .boolean : .string)
    acceptedValues = segment.choices
    isRequired = segment.mandatory
  }
}

extension FormsV1.Question {
  /// The type of its answers; nil for a kind that this version does not know.
  var answerType: FieldType? {
    switch kind {
    case .text, .choice, .hidden: .string
    case .number: .decimal
    case .date: .date
    case .email: .email
    case .rating: .integer
    case .consent: .boolean
    case nil: nil
    }
  }
}
