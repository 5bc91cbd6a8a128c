import CMessages
import CSampleMessages
import Messages
import SampleMessages
import Testing

@Suite("Descriptors")
struct DescriptorTests {
  @Test("every message knows its own descriptor", arguments: MessagesFiles.types + SampleMessagesFiles.types)
  func ownDescriptor(type: any Message.Type) throws {
    let bridged = try #require(type as? any BridgedMessage.Type)
    #expect(type.descriptor.name == String(cString: bridged.cType.pointee.name))
    #expect(type.descriptor.fields.count == Int(bridged.cType.pointee.n_fields))
  }

  @Test("the registry finds messages and methods by their names")
  func registry() throws {
    #expect(MessageRegistry.message(named: "rapport.type.v1.Value") == TypeV1.Value.descriptor)
    #expect(MessageRegistry.message(named: "google.rpc.Status") == GoogleRPC.Status.descriptor)
    #expect(MessageRegistry.message(named: "no.such.Message") == nil)
    let check = try #require(MessageRegistry.method(path: "/grpc.health.v1.Health/Check"))
    #expect(check == GRPCHealthV1.Health.check.info)
    #expect(MessageRegistry.method(path: "/grpc.health.v1.Health/Nothing") == nil)
    let names = MessageRegistry.services.map(\.name)
    #expect(names.contains("grpc.reflection.v1.ServerReflection"))
    #expect(names.contains("grpc.reflection.v1alpha.ServerReflection"))
    #expect(Set(names).count == names.count)
  }

  @Test("a method knows its path, its sides and its messages")
  func methods() {
    let method = SampleV1.Messages.import.info
    #expect(method.path == "/rapport.sample.v1.Messages/Import")
    #expect(method.kind == .unary)
    #expect(method.request == SampleV1.Message.descriptor)
    #expect(method.response == SampleV1.BoolMessage.descriptor)
    #expect(SampleV1.Messages.descriptor_.info.kind == .clientStreaming)
    #expect(SampleV1.Messages.init_.info.kind == .serverStreaming)
    #expect(SampleV1.Messages.self_.info.kind == .bidirectional)
    #expect(SampleV1.Messages.descriptor.methods.map(\.name) == ["Import", "Descriptor", "Init", "Self"])
    #expect(SampleV1.Messages.descriptor.method(named: "Init") == SampleV1.Messages.init_.info)
  }

  @Test("a method's rule and its HTTP bindings come from its options")
  func options() {
    let search = SampleV1.Library.search.info
    #expect(search.rule == MethodRule(module: .tables, right: .read, callers: ["automation", "forms"]))
    #expect(
      search.http == [
        HTTPRule(verb: "POST", path: "/v1/{parent=shelves/*}/books:search", body: "*", responseBody: ""),
        HTTPRule(verb: "GET", path: "/v1/{parent=shelves/*}/books", body: "", responseBody: ""),
      ])
    #expect(SampleV1.Messages.import.info.rule == nil)
    #expect(SampleV1.Messages.import.info.http.isEmpty)
  }

  @Test("every method of the public API has a rule with module and right", arguments: MessageRegistry.services)
  func publicRules(service: ServiceDescriptor) {
    guard service.name.hasPrefix("rapport."), !service.name.hasPrefix("rapport.internal.") else { return }
    for method in service.methods {
      #expect(method.rule != nil, "\(method)")
      #expect(method.rule?.right != .unspecified, "\(method)")
    }
  }

  @Test("a field knows its names, type and presence")
  func fields() throws {
    let descriptor = SampleV1.Optionals.descriptor
    let field = try #require(descriptor.field(number: 3))
    #expect(field.name == "int32_value")
    #expect(field.jsonName == "int32Value")
    #expect(field.type == .int32)
    #expect(field.hasPresence)
    #expect(field.oneof == nil)
    #expect(descriptor.field(named: "int32Value")?.number == 3)
    #expect(descriptor.field(named: "int32_value")?.number == 3)
    #expect(descriptor.field(named: "int32") == nil)
    let scalars = try #require(descriptor.field(named: "scalars"))
    #expect(descriptor.message(of: scalars) == SampleV1.Scalars.descriptor)
    #expect(descriptor.field(named: "color")?.enumeration?.name(of: 1) == "COLOR_RED")
    #expect(SampleV1.Scalars.descriptor.field(number: 3)?.hasPresence == false)
  }

  @Test("oneofs that the compiler invents for optional fields do not show")
  func oneofs() {
    #expect(SampleV1.Choices.descriptor.oneofs == ["first", "second"])
    #expect(SampleV1.Choices.descriptor.field(named: "left")?.oneof == 1)
    #expect(SampleV1.Choices.descriptor.field(named: "after")?.oneof == nil)
    #expect(SampleV1.Choices.descriptor.field(named: "after")?.hasPresence == true)
  }

  @Test("a map is a list of entries with key and value")
  func maps() throws {
    let field = try #require(SampleV1.Maps.descriptor.field(named: "scalars_values"))
    #expect(field.isMap)
    #expect(field.isRepeated)
    let entry = try #require(SampleV1.Maps.descriptor.message(of: field))
    #expect(entry.isMapEntry)
    #expect(entry.fields.map(\.name) == ["key", "value"])
    #expect(SampleV1.Lists.descriptor.field(named: "scalars")?.isMap == false)
  }

  @Test("what a field names, how it behaves, and whether it is personal come from its options")
  func fieldOptions() throws {
    let parent = try #require(SampleV1.SearchRequest.descriptor.field(named: "parent"))
    #expect(parent.resource?.childType == "sample/Book")
    #expect(parent.behaviors == [.required, .immutable])
    #expect(SampleV1.SearchRequest.descriptor.field(named: "name")?.resource == nil)
    #expect(SampleV1.Book.descriptor.resource?.patterns == ["shelves/{shelf}/books/{book}"])
    #expect(SampleV1.Book.descriptor.field(named: "resource_name")?.resource?.type == "sample/Book")
    #expect(SampleV1.Book.descriptor.field(named: "title")?.isPersonal == true)
    #expect(SampleV1.Book.descriptor.field(named: "resource_name")?.isPersonal == false)
  }

  @Test("a file hands out its descriptor and, by its imports, all that it needs", arguments: MessageRegistry.services)
  func files(service: ServiceDescriptor) throws {
    var seen: [String: FileDescriptor] = [:]
    var open = [service.file]
    while let file = open.popLast() {
      guard seen.updateValue(file, forKey: file.name) == nil else { continue }
      open += file.imports
    }
    for file in seen.values {
      let proto = try GoogleProtobuf.FileDescriptorProto(decoding: file.serialized)
      #expect(proto.name == file.name)
      #expect(proto.dependency.allSatisfy { seen[$0] != nil })
      #expect(proto.sourceCodeInfo == nil)
    }
  }
}
