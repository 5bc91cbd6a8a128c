internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// A profile table as the service works with it: its definition, and the columns that PostgreSQL keeps it in.
struct ProfileTableDefinition: Sendable {
  /// Within the licence, never used again; names the tables `t<number>`, `h<number>` and the sequence `i<number>`.
  let number: Int64
  /// The number of the entity that it belongs to.
  let entity: Int64
  /// As callers see it.
  let message: ProfilesV1.ProfileTable
  /// All fields, whatever their kind, in the order of the definition.
  let fields: [ProfileField]
  /// Every field id that the table ever had; a field's number is its place here, from 1.
  let everyID: [String]
  /// Nil for one that is not kept.
  let revision: Revision?
  /// The columns that a profile is read from, in the order of ``ProfileStore/profile(_:of:)``.
  let columns: String

  private let places: [String: Int]

  /// Gives the fields of a definition the columns that they have had from the first.
  ///
  /// - Parameter everyID: as it is kept; ids that it lacks are added behind it.
  init(
    number: Int64, entity: Int64, message: ProfilesV1.ProfileTable, everyID: [String], revision: Revision? = nil
  ) throws {
    var everyID = everyID
    func column(_ id: String) -> Int {
      if let place = everyID.firstIndex(of: id) { return place + 1 }
      everyID.append(id)
      return everyID.count
    }
    var fields = try message.attributes.map { try ProfileField(attribute: $0, number: column($0.id)) }
    fields += message.subscriptions.map { ProfileField(subscription: $0, number: column($0.id)) }
    fields += message.segments.map { ProfileField(segment: $0, number: column($0.id)) }
    fields += message.references.map { ProfileField(reference: $0, number: column($0.id)) }
    self.number = number
    self.entity = entity
    self.message = message
    self.fields = fields
    self.everyID = everyID
    self.revision = revision
    let since = fields.filter(\.isTracked).map(\.sinceColumn)
    columns = (["id", "created_at", "updated_at"] + fields.map(\.storage.column) + since).joined(separator: ", ")
    self.places = Dictionary(fields.enumerated().map { ($1.storage.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The field of a technical name.
  func field(_ id: String) -> ProfileField? {
    places[id].map { fields[$0] }
  }

  /// The fields that an export names, in its order; all of them when it names none.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the one that the table has not.
  func fields(named ids: [String]) throws(RPCError) -> [ProfileField] {
    if ids.isEmpty { return fields }
    var named: [ProfileField] = []
    for (index, id) in ids.enumerated() {
      guard let field = field(id) else {
        throw .invalid("fields[\(index)]", "The table has no field “\(id)”. Name one that it has.")
      }
      named.append(field)
    }
    return named
  }

  /// The attribute that a meaning is said of.
  func field(meaning: ProfilesV1.AttributeMeaning) -> ProfileField? {
    message.attributes.first { $0.meaning == meaning }.flatMap { field($0.id) }
  }

  /// The table of the profiles.
  var rows: String { "t\(number)" }
  /// The table of their subscriptions' and segments' history.
  var history: String { "h\(number)" }
  /// The sequence of their ids.
  var ids: String { "i\(number)" }

  /// Those whose changes are kept with their time.
  var tracked: [ProfileField] { fields.filter(\.isTracked) }
}

/// One field of a profile table.
struct ProfileField: Sendable {
  /// What kind of field it is.
  enum Kind: Sendable, Hashable {
    case attribute
    case subscription
    /// With the choice that a profile gets which is created without one.
    case segment(default: String?)
    /// The repository's name.
    case reference(String)
  }

  let kind: Kind
  /// How its values are typed, checked and kept: a subscription is a boolean, an exclusive segment a text of its choices.
  let storage: FieldDefinition

  /// Whether every change is kept with its time.
  var isTracked: Bool {
    switch kind {
    case .subscription, .segment: true
    case .attribute, .reference: false
    }
  }

  /// The column that keeps since when a tracked field is as it is.
  var sinceColumn: String { "s\(storage.number)" }

  /// What a profile gets that is created without a value.
  var defaultValue: String? {
    if case .segment(let value) = kind { value } else { nil }
  }

  init(attribute: ProfilesV1.Attribute, number: Int) throws {
    guard var storage = FieldDefinition(id: attribute.id, number: number, bounds: attribute.bounds) else {
      throw DefinitionFault("attributes", "The attribute “\(attribute.id)” has no known type. Set one.")
    }
    storage.isRequired = attribute.required
    storage.isTimeZone = attribute.meaning == .timeZone
    self.kind = .attribute
    self.storage = storage
  }

  init(subscription: ProfilesV1.Subscription, number: Int) {
    kind = .subscription
    storage = FieldDefinition(id: subscription.id, number: number, type: .boolean)
  }

  init(segment: ProfilesV1.Segment, number: Int) {
    let isExclusive = !segment.choices.isEmpty
    var storage = FieldDefinition(id: segment.id, number: number, type: isExclusive ? .string : .boolean)
    storage.acceptedValues = segment.choices
    storage.isRequired = segment.mandatory
    kind = .segment(
      default: segment.defaultChoice.isEmpty ? nil : segment.defaultChoice)
    self.storage = storage
  }

  init(reference: ProfilesV1.Reference, number: Int) {
    kind = .reference(reference.repository)
    storage = FieldDefinition(id: reference.id, number: number, type: .string)
  }
}

extension ProfilesV1.Attribute {
  /// What its values are held to.
  var bounds: FieldRules.Bounds {
    var bounds = FieldRules.Bounds(type: type)
    bounds.isUnique = unique ?? (meaning == .emailAddress)
    bounds.isMultiValued = multiValued
    bounds.minLength = minLength
    bounds.maxLength = maxLength
    bounds.acceptedValues = acceptedValues
    return bounds
  }
}
