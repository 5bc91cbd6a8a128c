/// The plugin's parameter: `module=Messages,c=Shared/CMessages,swift=Shared/Messages/Generated`.
struct Settings {
  /// The Swift module that is generated; its C module is named the same with a leading C.
  let module: String

  /// The folder of the C target.
  let cFolder: String

  /// The folder of the generated Swift.
  let swiftFolder: String

  /// The module that holds the imported files that are not asked for; empty if every imported file is generated too.
  let imports: String

  var cModule: String { "C\(module)" }

  init(parameter: String) throws {
    var values: [Substring: String] = [:]
    for pair in parameter.split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { throw GeneratorError("Parameter \(pair) is not key=value.") }
      values[parts[0]] = String(parts[1])
    }
    func take(_ key: Substring) throws -> String {
      guard let value = values.removeValue(forKey: key) else { throw GeneratorError("Parameter \(key)=… is missing.") }
      return value
    }
    module = try take("module")
    cFolder = try take("c")
    swiftFolder = try take("swift")
    imports = values.removeValue(forKey: "imports") ?? ""
    if let unknown = values.keys.min() { throw GeneratorError("Parameter \(unknown) is unknown.") }
  }

  func swiftPath(_ name: String) -> String { "\(swiftFolder)/\(name)" }
}
