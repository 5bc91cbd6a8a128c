import Messages

/// Answers what a server's services are made of (grpc/doc/server-reflection.md).
struct ReflectionService: Sendable {
  private let services: [String]
  private let index: SymbolIndex

  init(_ services: [ServiceDescriptor]) {
    self.services = services.map(\.name).sorted()
    // No method names the details of a status, and a client that shows them asks what they are.
    index = SymbolIndex(services.map(\.file) + [GoogleRPC.ErrorInfo.descriptor.file])
  }

  func answer(_ request: GRPCReflectionV1.ServerReflectionRequest) -> GRPCReflectionV1.ServerReflectionResponse {
    var response = GRPCReflectionV1.ServerReflectionResponse()
    response.validHost = request.host
    response.originalRequest = request
    response.messageResponse = answer(request.messageRequest)
    return response
  }

  /// The same for the older version, which differs in the package's name only.
  func answer(
    _ request: GRPCReflectionV1alpha.ServerReflectionRequest
  ) throws -> GRPCReflectionV1alpha.ServerReflectionResponse {
    let request = try GRPCReflectionV1.ServerReflectionRequest(decoding: request.encoded())
    return try GRPCReflectionV1alpha.ServerReflectionResponse(decoding: answer(request).encoded())
  }

  private func answer(
    _ request: GRPCReflectionV1.ServerReflectionRequest.MessageRequest?
  ) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    switch request {
    case .fileByFilename(let name): files(index.files[name], "There is no file \(name).")
    case .fileContainingSymbol(let name): files(index.symbols[name], "There is no symbol \(name).")
    case .fileContainingExtension(let request):
      files(
        index.extensions[request.containingType]?[request.extensionNumber],
        "There is no extension \(request.extensionNumber) of \(request.containingType).")
    case .allExtensionNumbersOfType(let name): extensionNumbers(of: name)
    case .listServices: serviceList
    case nil: failure(.invalidArgument, "The request asks nothing.")
    }
  }

  private var serviceList: GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    var list = GRPCReflectionV1.ListServiceResponse()
    list.service = services.map { name in
      var service = GRPCReflectionV1.ServiceResponse()
      service.name = name
      return service
    }
    return .listServicesResponse(list)
  }

  private func extensionNumbers(of name: String) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    guard let extensions = index.extensions[name] else {
      guard index.symbols[name] != nil else { return failure(.notFound, "There is no message \(name).") }
      return .allExtensionNumbersResponse(Self.numbers(name, []))
    }
    return .allExtensionNumbersResponse(Self.numbers(name, extensions.keys.sorted()))
  }

  private static func numbers(_ name: String, _ numbers: [Int32]) -> GRPCReflectionV1.ExtensionNumberResponse {
    var response = GRPCReflectionV1.ExtensionNumberResponse()
    response.baseTypeName = name
    response.extensionNumber = numbers
    return response
  }

  /// A file and all that it imports, so that the client need not ask again.
  private func files(
    _ file: FileDescriptor?, _ message: String
  ) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    guard let file else { return failure(.notFound, message) }
    var response = GRPCReflectionV1.FileDescriptorResponse()
    response.fileDescriptorProto = SymbolIndex.closure([file]).map(\.serialized)
    return .fileDescriptorResponse(response)
  }

  private func failure(
    _ code: StatusCode, _ message: String
  ) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    var error = GRPCReflectionV1.ErrorResponse()
    error.errorCode = Int32(code.rawValue)
    error.errorMessage = message
    return .errorResponse(error)
  }
}

/// Which file declares what.
struct SymbolIndex: Sendable {
  private(set) var files: [String: FileDescriptor] = [:]
  /// Messages, their fields and oneofs, enums, their values, services, methods and extensions, by full name.
  private(set) var symbols: [String: FileDescriptor] = [:]
  /// By the extended message's full name, then by number.
  private(set) var extensions: [String: [Int32: FileDescriptor]] = [:]

  init(_ roots: [FileDescriptor]) {
    for file in Self.closure(roots) {
      files[file.name] = file
      guard let proto = try? GoogleProtobuf.FileDescriptorProto(decoding: file.serialized) else { continue }
      add(proto, of: file)
    }
  }

  /// The files and all that they import, each once, importers first.
  static func closure(_ roots: [FileDescriptor]) -> [FileDescriptor] {
    var seen: Set<String> = []
    var found: [FileDescriptor] = []
    var waiting = roots
    while !waiting.isEmpty {
      let file = waiting.removeFirst()
      guard seen.insert(file.name).inserted else { continue }
      found.append(file)
      waiting += file.imports
    }
    return found
  }

  private mutating func add(_ proto: GoogleProtobuf.FileDescriptorProto, of file: FileDescriptor) {
    let scope = proto.package.map { $0.isEmpty ? "" : $0 + "." } ?? ""
    for message in proto.messageType { add(message, scope, file) }
    for type in proto.enumType { add(type, scope, file) }
    for field in proto.extension { addExtension(field, scope, file) }
    for service in proto.service {
      let name = scope + (service.name ?? "")
      symbols[name] = file
      for method in service.method { symbols[name + "." + (method.name ?? "")] = file }
    }
  }

  private mutating func add(_ proto: GoogleProtobuf.DescriptorProto, _ scope: String, _ file: FileDescriptor) {
    let name = scope + (proto.name ?? "")
    symbols[name] = file
    for field in proto.field { symbols[name + "." + (field.name ?? "")] = file }
    for oneof in proto.oneofDecl { symbols[name + "." + (oneof.name ?? "")] = file }
    for message in proto.nestedType { add(message, name + ".", file) }
    for type in proto.enumType { add(type, name + ".", file) }
    for field in proto.extension { addExtension(field, name + ".", file) }
  }

  /// An enum's values stand beside it, not in it.
  private mutating func add(_ proto: GoogleProtobuf.EnumDescriptorProto, _ scope: String, _ file: FileDescriptor) {
    symbols[scope + (proto.name ?? "")] = file
    for value in proto.value { symbols[scope + (value.name ?? "")] = file }
  }

  private mutating func addExtension(
    _ field: GoogleProtobuf.FieldDescriptorProto, _ scope: String, _ file: FileDescriptor
  ) {
    symbols[scope + (field.name ?? "")] = file
    guard let number = field.number, let extended = field.extendee?.drop(while: { $0 == "." }) else { return }
    extensions[String(extended), default: [:]][number] = file
  }
}
