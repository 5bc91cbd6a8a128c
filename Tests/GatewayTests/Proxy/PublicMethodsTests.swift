import Messages
import Testing

@testable import Gateway

@Suite("The API as the gateway guards it")
struct PublicMethodsTests {
  private typealias Service = ProfilesV1.ProfileService

  /// A method like `GetProfile`, with another service, rule or request.
  private func method(
    service: String = "rapport.profiles.v1.ProfileService", rule: MethodRule?,
    request: MessageDescriptor = ProfilesV1.GetProfileRequest.descriptor
  ) -> MethodInfo {
    MethodInfo(
      service: service, name: "GetSample", kind: .unary, rule: rule, http: [], request: request,
      response: ProfilesV1.Profile.descriptor)
  }

  private let good = Service.getProfile.info.rule

  @Test("every public method of the suite can be guarded, and no other is served")
  func suite() throws {
    let methods = try PublicMethods.ofSuite()
    let known = MessageRegistry.services.flatMap(\.methods)
    #expect(methods.all.count > 40)
    for info in known {
      let isPublic = info.path.hasPrefix("/rapport.") && !info.path.hasPrefix("/rapport.internal.")
      #expect((methods[info.path] != nil) == isPublic, "\(info.path)")
    }
    #expect(known.contains { $0.path.hasPrefix("/rapport.internal.") })
  }

  @Test("a method with a rule is taken")
  func withRule() throws {
    #expect(try PublicMethods([method(rule: good)]).all.count == 1)
  }

  @Test("a method without a rule keeps the gateway from starting, and is named")
  func withoutRule() throws {
    let error = try #require(throws: ContractError.self) {
      try PublicMethods([method(rule: good), method(service: "rapport.forms.v1.FormService", rule: nil)])
    }
    #expect(error.problems == ["/rapport.forms.v1.FormService/GetSample: the method has no rule"])
  }

  @Test("a package that no service serves keeps it from starting")
  func unknownPackage() throws {
    let error = try #require(throws: ContractError.self) {
      try PublicMethods([method(service: "rapport.loyalty.v1.PointService", rule: good)])
    }
    #expect(error.problems.count == 1)
  }

  @Test("a request that can name no resource keeps it from starting, if a right is asked for")
  func nothingToName() throws {
    let error = try #require(throws: ContractError.self) {
      try PublicMethods([method(rule: good, request: GoogleProtobuf.Empty.descriptor)])
    }
    #expect(error.problems.count == 1)
  }

  @Test("an internal method without a rule is nobody's problem here: it is not served")
  func internalMethods() throws {
    #expect(try PublicMethods([method(service: "rapport.internal.v1.SampleService", rule: nil)]).all.isEmpty)
  }

  @Test("every field that names a resource in a public request belongs to a module")
  func fields() throws {
    var count = 0
    for method in try PublicMethods.ofSuite().all {
      for field in ResourceFields.all(in: method.info.request) {
        #expect(field.module != nil, "\(method.info.path) \(field.path)")
        count += 1
      }
    }
    #expect(count > 100)
  }
}
