/// A .proto file: the messages, enums and services that it declares.
public final class FileDescriptor: Sendable {
  /// Its path below the import root: `rapport/profiles/v1/profiles.proto`.
  public let name: String

  /// The proto package: `rapport.profiles.v1`.
  public let package: String

  /// The files that it imports.
  public let imports: [FileDescriptor]

  /// Its `google.protobuf.FileDescriptorProto`, encoded, without comments: what reflection hands out.
  public let serialized: [UInt8]

  /// All messages, each before those nested in it.
  let messageRecords: [MessageRecord]

  /// All enums, by full name.
  let enums: [String: EnumDescriptor]

  private let messageIndices: [String: Int]
  private let publicImports: [FileDescriptor]
  private let serviceProtos: [GoogleProtobuf.ServiceDescriptorProto]

  /// Reads the descriptor that the generator wrote beside the file's code.
  ///
  /// - Parameter base64: of the encoded `FileDescriptorProto`. It is a programming error if it is damaged.
  package init(imports: [FileDescriptor], base64: StaticString) {
    let encoded = base64.withUTF8Buffer { Base64.decoded($0) }
    guard let encoded, let proto = try? GoogleProtobuf.FileDescriptorProto(decoding: encoded) else {
      preconditionFailure("The descriptor of a generated file is damaged.")
    }
    name = proto.name ?? ""
    package = proto.package ?? ""
    self.imports = imports
    serialized = encoded
    serviceProtos = proto.service
    publicImports = proto.publicDependency.map { imports[Int($0)] }
    let builder = FileBuilder(proto: proto, imports: imports)
    messageIndices = builder.messageIndices
    enums = builder.enums
    messageRecords = builder.messageRecords()
  }

  /// All messages that the file declares, nested ones and map entries included.
  public var messages: [MessageDescriptor] {
    messageRecords.indices.map { MessageDescriptor(file: self, index: $0) }
  }

  /// The services that the file declares.
  ///
  /// - Complexity: O(methods); ``MessageRegistry/services`` keeps them.
  public var services: [ServiceDescriptor] {
    serviceProtos.map { proto in
      let name = qualified(proto.name ?? "")
      return ServiceDescriptor(name: name, methods: proto.method.map { method($0, of: name) }, file: self)
    }
  }

  /// The message of this full name, declared here or in a file that this one sees; nil where there is none.
  func message(named fullName: String) -> MessageDescriptor? {
    if let index = messageIndices[fullName] { return MessageDescriptor(file: self, index: index) }
    for file in imports {
      if let found = file.exportedMessage(named: fullName) { return found }
    }
    return nil
  }

  /// The message of this full name, declared here or in a file that this one imports publicly.
  func exportedMessage(named fullName: String) -> MessageDescriptor? {
    if let index = messageIndices[fullName] { return MessageDescriptor(file: self, index: index) }
    for file in publicImports {
      if let found = file.exportedMessage(named: fullName) { return found }
    }
    return nil
  }

  /// The enum of this full name, declared here or in a file that this one imports publicly.
  func exportedEnum(named fullName: String) -> EnumDescriptor? {
    if let found = enums[fullName] { return found }
    for file in publicImports {
      if let found = file.exportedEnum(named: fullName) { return found }
    }
    return nil
  }

  private func qualified(_ name: String) -> String { package.isEmpty ? name : "\(package).\(name)" }

  private func method(_ proto: GoogleProtobuf.MethodDescriptorProto, of service: String) -> MethodInfo {
    guard let request = message(named: String(proto.inputType?.dropFirst() ?? "")),
      let response = message(named: String(proto.outputType?.dropFirst() ?? ""))
    else { preconditionFailure("\(service).\(proto.name ?? "") has a type that its file does not see.") }
    let options = proto.options?.unknownFields ?? []
    let kind: MethodKind =
      switch (proto.clientStreaming ?? false, proto.serverStreaming ?? false) {
      case (false, false): .unary
      case (true, false): .clientStreaming
      case (false, true): .serverStreaming
      case (true, true): .bidirectional
      }
    return MethodInfo(
      service: service, name: proto.name ?? "", kind: kind, rule: MethodRule(options: options),
      http: HTTPRule.all(options: options), request: request, response: response)
  }
}
