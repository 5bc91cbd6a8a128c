/// Builds the records of a file's messages out of its `FileDescriptorProto`.
struct FileBuilder {
  /// The place of each message, by full name.
  let messageIndices: [String: Int]

  /// The enums, by full name.
  let enums: [String: EnumDescriptor]

  private let imports: [FileDescriptor]
  private let messages: [(name: String, proto: GoogleProtobuf.DescriptorProto)]
  private let isProto3: Bool

  init(proto: GoogleProtobuf.FileDescriptorProto, imports: [FileDescriptor]) {
    self.imports = imports
    isProto3 = proto.syntax == "proto3"
    let scope = proto.package.map { $0.isEmpty ? "" : "\($0)." } ?? ""
    let messages = Self.flattened(proto.messageType, scope: scope)
    var enums: [String: EnumDescriptor] = [:]
    for proto in proto.enumType { Self.add(proto, scope: scope, to: &enums) }
    for (name, message) in messages {
      for proto in message.enumType { Self.add(proto, scope: "\(name).", to: &enums) }
    }
    self.messages = messages
    self.enums = enums
    messageIndices = Dictionary(uniqueKeysWithValues: messages.enumerated().map { ($1.name, $0) })
  }

  private static func flattened(
    _ protos: [GoogleProtobuf.DescriptorProto], scope: String
  ) -> [(name: String, proto: GoogleProtobuf.DescriptorProto)] {
    protos.flatMap { proto in
      let name = scope + (proto.name ?? "")
      return [(name, proto)] + flattened(proto.nestedType, scope: "\(name).")
    }
  }

  private static func add(
    _ proto: GoogleProtobuf.EnumDescriptorProto, scope: String, to enums: inout [String: EnumDescriptor]
  ) {
    let name = scope + (proto.name ?? "")
    enums[name] = EnumDescriptor(
      name: name, values: proto.value.map { .init(name: $0.name ?? "", number: $0.number ?? 0) })
  }

  /// The records, in the order of the messages' places.
  func messageRecords() -> [MessageRecord] {
    let drafts = messages.map { name, proto in draft(proto, name: name) }
    let naming = messagesNamingResources(drafts)
    return drafts.enumerated().map { index, draft in
      MessageRecord(draft, resourceSteps: resourceSteps(of: draft, naming: naming), namesResources: naming[index])
    }
  }

  private func draft(_ proto: GoogleProtobuf.DescriptorProto, name: String) -> MessageRecord.Draft {
    let resource = ResourceType(options: proto.options?.unknownFields ?? [])
    let synthetic = proto.field.count { $0.proto3Optional ?? false }
    return MessageRecord.Draft(
      name: name, fields: proto.field.map { field($0, resource: resource) },
      oneofs: proto.oneofDecl.dropLast(synthetic).map { $0.name ?? "" },
      isMapEntry: proto.options?.mapEntry ?? false, resource: resource)
  }

  private func field(
    _ proto: GoogleProtobuf.FieldDescriptorProto, resource: ResourceType?
  ) -> FieldDescriptor {
    let options = proto.options?.unknownFields ?? []
    let isRepeated = proto.label == .repeated
    let isOptional = proto.proto3Optional ?? false
    let (type, reference) = type(of: proto)
    let name = proto.name ?? ""
    var resourceReference = ResourceReference(options: options)
    if let resource, name == resource.nameField { resourceReference = ResourceReference(type: resource.type) }
    return FieldDescriptor(
      number: Int(proto.number ?? 0), name: name, jsonName: proto.jsonName ?? name, type: type,
      isRepeated: isRepeated, isMap: isRepeated && isMapEntry(proto.typeName),
      hasPresence: !isRepeated && (!isProto3 || type == .message || proto.oneofIndex != nil),
      oneof: isOptional ? nil : proto.oneofIndex.map { Int($0) }, resource: resourceReference,
      isPersonal: options.numbers(ofField: 50211).last == 1,
      behaviors: options.numbers(ofField: 1052).map { .init(rawValue: Int32(truncatingIfNeeded: $0)) },
      isPacked: isRepeated && type.isPackable && (proto.options?.packed ?? isProto3), typeReference: reference)
  }

  private func isMapEntry(_ typeName: String?) -> Bool {
    guard let typeName, let index = messageIndices[String(typeName.dropFirst())] else { return false }
    return messages[index].proto.options?.mapEntry ?? false
  }

  private func type(of proto: GoogleProtobuf.FieldDescriptorProto) -> (FieldType, FieldDescriptor.TypeReference) {
    let type = FieldType(rawValue: proto.type?.rawValue ?? 0) ?? .message
    let name = String(proto.typeName?.dropFirst() ?? "")
    switch type {
    case .message, .group: return (type, .message(messageReference(name)))
    case .enumeration: return (type, .enumeration(enumDescriptor(name)))
    default: return (type, .none)
    }
  }

  private func messageReference(_ name: String) -> FieldDescriptor.MessageReference {
    if let index = messageIndices[name] { return .init(file: nil, index: index) }
    for file in imports {
      if let found = file.exportedMessage(named: name) { return .init(file: found.file, index: found.index) }
    }
    preconditionFailure("The message \(name) is in no imported file.")
  }

  private func enumDescriptor(_ name: String) -> EnumDescriptor {
    if let found = enums[name] { return found }
    for file in imports {
      if let found = file.exportedEnum(named: name) { return found }
    }
    preconditionFailure("The enum \(name) is in no imported file.")
  }

  // MARK: Resources

  /// Which messages name resources, themselves or by what they hold. Messages of one file may hold each other, so it goes
  /// on until nothing changes.
  private func messagesNamingResources(_ drafts: [MessageRecord.Draft]) -> [Bool] {
    var naming = drafts.map { draft in draft.name == ResourceNames.any || draft.fields.contains { $0.resource != nil } }
    var changed = true
    while changed {
      changed = false
      for (index, draft) in drafts.enumerated() where !naming[index] {
        guard draft.fields.contains(where: { holdsNames($0, naming: naming) }) else { continue }
        naming[index] = true
        changed = true
      }
    }
    return naming
  }

  private func holdsNames(_ field: FieldDescriptor, naming: [Bool]) -> Bool {
    guard case .message(let reference) = field.typeReference else { return false }
    return reference.file.map { $0.messageRecords[reference.index].namesResources } ?? naming[reference.index]
  }

  private func resourceSteps(of draft: MessageRecord.Draft, naming: [Bool]) -> [FieldDescriptor] {
    draft.fields
      .filter { $0.resource != nil || holdsNames($0, naming: naming) }
      .sorted { $0.number < $1.number }
  }
}
