import Testing

@testable import protoc_gen_rapport

@Suite("Names made of proto names")
struct NameTests {
  @Test(
    "a package's namespace",
    arguments: [
      ("rapport.profiles.v1", "ProfilesV1"), ("rapport.internal.v1", "InternalV1"), ("google.rpc", "GoogleRPC"),
      ("google.protobuf", "GoogleProtobuf"), ("google.longrunning", "GoogleLongrunning"), ("google.api", "GoogleAPI"),
      ("grpc.health.v1", "GRPCHealthV1"), ("grpc.reflection.v1alpha", "GRPCReflectionV1alpha"), ("rapport", "Rapport"),
    ])
  func namespaces(package: String, swift: String) {
    #expect(SwiftName.namespace(package) == swift)
  }

  @Test(
    "a field's property",
    arguments: [
      ("display_name", "displayName"), ("URL", "url"), ("mixedCase_and_snake", "mixedCaseAndSnake"), ("_x", "x"),
      ("x_", "x"), ("with_1_digit", "with1Digit"), ("HTTP_rule", "httpRule"), ("__", "field"),
    ])
  func properties(proto: String, swift: String) {
    #expect(SwiftName.lowerCamel(proto) == swift)
  }

  @Test(
    "an enum's value, without the enum's name",
    arguments: [
      ("FIELD_TYPE_STRING", "FieldType", "string"), ("HTTP2_STATE_OPEN", "HTTP2State", "open"), ("RED", "Color", "red"),
      ("COLOR", "Color", "color"), ("COLORFUL", "Color", "colorful"), ("COLOR_2G", "Color", "2g"),
      ("STATE_ACTIVE", "Color", "stateActive"), ("kOdd", "Color", "kOdd"),
    ])
  func enumValues(proto: String, enumeration: String, swift: String) {
    #expect(SwiftName.enumValue(proto, of: enumeration) == swift)
  }

  @Test("members of one scope differ, avoid what the scope needs, and keywords stand in backticks")
  func scopes() {
    var scope = SwiftName.Scope(reserved: ["encode"])
    #expect(scope.member("name", number: 1) == "name")
    #expect(scope.member("name", number: 2) == "name_2")
    #expect(scope.member("encode", number: 3) == "encode_")
    #expect(scope.member("default", number: 4) == "`default`")
    #expect(scope.member("init", number: 5) == "init_")
    #expect(scope.member("3d", number: 6) == "_3d")
  }

  @Test("protoc-gen-c's names of structs and functions")
  func cNames() {
    #expect(CName.structure("rapport.foo_bar.v1.HTTPRule.Sub_type") == "Rapport__FooBar__V1__HTTPRule__SubType")
    #expect(CName.function("rapport.foo_bar.v1.HTTPRule.Sub2Type") == "rapport__foo_bar__v1__httprule__sub2_type")
    #expect(CName.function("google.rpc.Empty2XML") == "google__rpc__empty2_xml")
    #expect(CName.field(name: "Class", number: 2) == "class_2")
  }
}
