package import Messages

/// Tells what a method acts on from what its request only refers to.
///
/// The method's rule holds for its targets: the resource, its parent, or another of the rule's module that stands beside
/// them. Names deeper in a resource are references, which need only be read, by the rights of their own module. Gateway
/// and services decide by this alike.
package struct RequestTargets: Sendable {
  private let kind: MethodKind
  private let module: OptionsV1.Module?

  private static let always = ["name", "parent", "names"]

  /// - Parameter module: the rule's; nil where the rule asks for no right of a module.
  package init(kind: MethodKind, module: OptionsV1.Module?) {
    self.kind = kind
    self.module = module
  }

  /// Whether a name is a target.
  ///
  /// - Parameters:
  ///   - path: where it stands in the request.
  ///   - type: `profiles.rapport/Profile`; where the field names the parent of a kind, that kind.
  package func contains(path: String, type: String) -> Bool {
    // Nearly always, and quick.
    if path == "name" || path == "parent" { return true }
    let text = path.utf8
    let dots = text.reduce(0) { $1 == UInt8(ascii: ".") ? $0 + 1 : $0 }
    guard dots <= 1 else { return false }
    let start = text.lastIndex(of: UInt8(ascii: ".")).map { text.index(after: $0) } ?? text.startIndex
    let last = text[start...].prefix { $0 != UInt8(ascii: "[") }
    if Self.always.contains(where: { last.elementsEqual($0.utf8) }) { return true }
    // The parts of a stream's first message stand one step down.
    let isBeside = dots == 0 || (kind != .unary && kind != .serverStreaming)
    guard isBeside, let module else { return false }
    return OptionsV1.Module(ofResource: type) == module
  }
}

extension OptionsV1.Module {
  /// The module of a resource, from its type: what stands before `.rapport/` in `profiles.rapport/Profile`.
  package init?(ofResource type: some StringProtocol) {
    guard let end = type.firstRange(of: ".rapport/")?.lowerBound else { return nil }
    switch type[..<end] {
    case "access": self = .access
    case "profiles": self = .profiles
    case "targeting": self = .targeting
    case "tables": self = .tables
    case "interactions": self = .interactions
    case "messaging": self = .messaging
    case "forms": self = .forms
    case "automation": self = .automation
    case "hooks": self = .hooks
    default: return nil
    }
  }
}

extension ResourceReference {
  /// The kind that a field names; where it names the parent of a kind, that kind.
  package var namedType: String { type.isEmpty ? childType : type }
}
