import Messages
import ServiceKit

/// A method of the public API, as the gateway treats it.
struct PublicMethod: Sendable, Hashable {
  /// What a caller needs.
  enum Need: Sendable, Hashable {
    /// Nothing, not even a token.
    case nothing
    /// A token; what is named must lie where the caller sees something.
    case token
    /// A right in the entity of what is named.
    case right(OptionsV1.Right, OptionsV1.Module)
  }

  /// Path, messages and kind.
  let info: MethodInfo
  /// What its rule asks for.
  let need: Need
  /// Who serves it.
  let service: ServiceName

  /// A method.
  init(info: MethodInfo, need: Need, service: ServiceName) {
    self.info = info
    self.need = need
    self.service = service
  }

  /// Whether the client sends exactly one message.
  var takesOneMessage: Bool { info.kind == .unary || info.kind == .serverStreaming }

  /// Whether it answers with any number of messages.
  var answersWithStream: Bool { info.kind == .serverStreaming || info.kind == .bidirectional }

  /// Whether its parent may be `entities/-`: only what lists or searches can answer a union.
  var takesEveryEntity: Bool { info.name.hasPrefix("List") || info.name.hasPrefix("Search") }
}

extension ServiceName {
  /// The service that serves a package of the public API, by the package's middle part: the one place that knows.
  init?(serving package: some StringProtocol) {
    switch package {
    case "access": self = .gateway
    case "profiles", "targeting": self = .profiles
    case "tables", "interactions": self = .dataTables
    case "messaging": self = .messaging
    case "forms": self = .forms
    case "automation", "hooks": self = .automation
    default: return nil
    }
  }
}
