import Testing

@testable import protoc_gen_rapport

@Suite("The plugin's parameter")
struct SettingsTests {
  @Test("names the module and its folders")
  func whole() throws {
    let settings = try Settings(parameter: "module=Messages,c=Shared/CMessages,swift=Shared/Messages/Generated")
    #expect(settings.cModule == "CMessages")
    #expect(settings.swiftPath("x.swift") == "Shared/Messages/Generated/x.swift")
    #expect(settings.imports.isEmpty)
  }

  @Test(
    "is refused if something is missing, unknown or no pair",
    arguments: ["", "module=M,c=C", "module=M,c=C,swift=S,x=1", "module"])
  func refused(parameter: String) {
    #expect(throws: GeneratorError.self) { try Settings(parameter: parameter) }
  }
}
