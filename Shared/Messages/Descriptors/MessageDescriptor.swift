/// What a message is made of.
///
/// A handle of one reference and one number, cheap to copy.
public struct MessageDescriptor: Sendable, Hashable, CustomStringConvertible {
  /// The file that declares the message.
  public let file: FileDescriptor

  /// The message's place among all of the file, nested ones included: each before those nested in it.
  let index: Int

  package init(file: FileDescriptor, index: Int) {
    self.file = file
    self.index = index
  }

  var record: MessageRecord { file.messageRecords[index] }

  /// The full proto name: `rapport.profiles.v1.Profile`.
  public var name: String { record.name }

  /// The fields, in the order of the .proto.
  public var fields: [FieldDescriptor] { record.fields }

  /// The names of the oneofs; ``FieldDescriptor/oneof`` is a place in them.
  public var oneofs: [String] { record.oneofs }

  /// Whether it stands for one entry of a map.
  public var isMapEntry: Bool { record.isMapEntry }

  /// The kind of resource that the message is, from `(google.api.resource)`; nil where it is none.
  public var resource: ResourceType? { record.resource }

  /// Whether a field of it, or of what it holds, names a resource.
  public var namesResources: Bool { record.namesResources }

  /// The field of this number; nil where there is none.
  public func field(number: Int) -> FieldDescriptor? { record.field(number: number) }

  /// The field of this name, as in the .proto or as in JSON; nil where there is none.
  public func field(named name: String) -> FieldDescriptor? { record.field(named: name) }

  /// The message that a field of this one holds; nil for other types.
  public func message(of field: FieldDescriptor) -> MessageDescriptor? {
    guard case .message(let reference) = field.typeReference else { return nil }
    return MessageDescriptor(file: reference.file ?? file, index: reference.index)
  }

  /// The full proto name.
  public var description: String { name }

  /// Two descriptors are the same if they name the same message of the same file.
  public static func == (left: MessageDescriptor, right: MessageDescriptor) -> Bool {
    left.index == right.index && left.file === right.file
  }

  /// Hashes file and place.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(file))
    hasher.combine(index)
  }
}

/// What a ``FileDescriptor`` keeps of a message.
final class MessageRecord: Sendable {
  /// What is known of it before all messages of its file are.
  struct Draft {
    let name: String
    let fields: [FieldDescriptor]
    let oneofs: [String]
    let isMapEntry: Bool
    let resource: ResourceType?
  }

  let name: String
  let fields: [FieldDescriptor]
  let oneofs: [String]
  let isMapEntry: Bool
  let resource: ResourceType?
  /// The fields that name resources or hold messages that do, by number.
  let resourceSteps: [FieldDescriptor]
  let namesResources: Bool
  private let byNumber: [Int: Int]
  private let byName: [String: Int]

  init(_ draft: Draft, resourceSteps: [FieldDescriptor], namesResources: Bool) {
    name = draft.name
    fields = draft.fields
    oneofs = draft.oneofs
    isMapEntry = draft.isMapEntry
    resource = draft.resource
    self.resourceSteps = resourceSteps
    self.namesResources = namesResources
    byNumber = Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($1.number, $0) })
    let names = fields.enumerated().flatMap { [($1.jsonName, $0), ($1.name, $0)] }
    byName = Dictionary(names) { first, _ in first }
  }

  func field(number: Int) -> FieldDescriptor? { byNumber[number].map { fields[$0] } }

  func field(named name: String) -> FieldDescriptor? { byName[name].map { fields[$0] } }
}
