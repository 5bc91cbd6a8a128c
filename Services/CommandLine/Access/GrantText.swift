import ArgumentParser
import Messages

/// A grant as the command line writes it: `b2c:profiles:write`, with `-` for every entity.
struct GrantText: Sendable, Hashable, ExpressibleByArgument {
  let grant: AccessV1.Grant

  /// Nil when the text is no grant.
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, !parts[0].isEmpty,
      let module = EnumWord.value(parts[1], of: OptionsV1.Module.self), module != .unspecified,
      let right = EnumWord.value(parts[2], of: OptionsV1.Right.self), right != .unspecified
    else { return nil }
    var grant = AccessV1.Grant()
    grant.entity = parts[0].hasPrefix("entities/") ? parts[0] : "entities/\(parts[0])"
    grant.module = module
    grant.right = right
    self.grant = grant
  }

  /// How the command line writes a grant.
  static func text(_ grant: AccessV1.Grant) -> String {
    let entity = grant.entity.hasPrefix("entities/") ? String(grant.entity.dropFirst("entities/".count)) : grant.entity
    return "\(entity):\(EnumWord.text(grant.module)):\(EnumWord.text(grant.right))"
  }
}
