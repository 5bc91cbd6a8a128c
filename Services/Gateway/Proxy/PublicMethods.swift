import Messages
import ServiceKit

/// The API as its .proto files state it: every public method, checked when the gateway starts.
///
/// What is not in here cannot be reached through the gateway, `rapport.internal` above all.
struct PublicMethods: Sendable {
  private let byPath: [String: PublicMethod]

  /// Takes the public ones of all methods that there are; others are left out.
  ///
  /// - Throws: ``ContractError`` when any of them cannot be guarded. The gateway must not start then.
  init(_ methods: [MethodInfo]) throws(ContractError) {
    var byPath: [String: PublicMethod] = [:]
    var problems: [String] = []
    for info in methods where Self.isPublic(info) {
      switch Self.read(info) {
      case .success(let method): byPath[info.path] = method
      case .failure(let error): problems += error.problems
      }
    }
    guard problems.isEmpty else { throw ContractError(problems: problems) }
    self.byPath = byPath
  }

  /// The suite's own API.
  ///
  /// - Throws: ``ContractError``.
  static func ofSuite() throws(ContractError) -> PublicMethods {
    try PublicMethods(MessageRegistry.services.flatMap(\.methods))
  }

  /// The method of a path.
  subscript(path: String) -> PublicMethod? { byPath[path] }

  /// All of them, by path.
  var all: [PublicMethod] { byPath.values.sorted { $0.info.path < $1.info.path } }

  private static func isPublic(_ info: MethodInfo) -> Bool {
    info.service.hasPrefix("rapport.") && !info.service.hasPrefix("rapport.internal.")
  }

  private static func read(_ info: MethodInfo) -> Result<PublicMethod, ContractError> {
    let package = info.service.split(separator: ".").dropFirst().first ?? ""
    var problems: [String] = []
    let service = ServiceName(serving: package)
    if service == nil { problems.append("\(info.path): no service serves the package \(package)") }
    let need = need(of: info, problems: &problems)
    // The gateway's own methods weigh what they name themselves.
    if let service, service != .gateway, let need, need != .nothing {
      problems += problemsOfNames(info, mustNameOne: need != .token)
    }
    guard let service, let need, problems.isEmpty else { return .failure(ContractError(problems: problems)) }
    return .success(PublicMethod(info: info, need: need, service: service))
  }

  private static func need(of info: MethodInfo, problems: inout [String]) -> PublicMethod.Need? {
    guard let rule = info.rule else {
      problems.append("\(info.path): the method has no rule")
      return nil
    }
    switch rule.right {
    case .public: return .nothing
    case .authenticated: return .token
    case let right where RightSet.rights.contains(right):
      if RightSet.modules.contains(rule.module) { return .right(right, rule.module) }
      problems.append("\(info.path): rights are not granted for \(rule.module)")
      return nil
    default:
      problems.append("\(info.path): \(rule.right) is no right of a public method")
      return nil
    }
  }

  private static func problemsOfNames(_ info: MethodInfo, mustNameOne: Bool) -> [String] {
    if mustNameOne && !info.request.namesResources {
      return ["\(info.path): the request has no field that names a resource"]
    }
    return ResourceFields.all(in: info.request).compactMap { field in
      field.module == nil ? "\(info.path): \(field.path) names a resource of no module (\(field.type))" : nil
    }
  }
}

/// The .proto files state an API that cannot be guarded.
struct ContractError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, a line for each method and field.
  let problems: [String]

  /// All of it.
  var description: String {
    "The gateway cannot guard the API as it is stated: " + problems.joined(separator: "; ") + "."
  }
}
