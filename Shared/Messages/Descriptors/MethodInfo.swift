/// Which sides of a method stream.
public enum MethodKind: Sendable, Hashable {
  /// One request, one response.
  case unary
  /// Many requests, one response.
  case clientStreaming
  /// One request, many responses.
  case serverStreaming
  /// Many requests, many responses.
  case bidirectional
}

/// Who may call a method, as `(rapport.options.v1.rule)` in the .proto states it.
public struct MethodRule: Sendable, Hashable {
  /// The module whose rights are asked for.
  public let module: OptionsV1.Module

  /// The right that the caller needs.
  public let right: OptionsV1.Right

  /// The services that may call an internal method; empty for a public one.
  public let callers: [String]

  package init(module: OptionsV1.Module, right: OptionsV1.Right, callers: [String]) {
    self.module = module
    self.right = right
    self.callers = callers
  }
}

/// One HTTP binding of a method, from `google.api.http`.
public struct HTTPRule: Sendable, Hashable {
  /// The HTTP method, in capitals.
  public let verb: String

  /// The path template, for example `/v1/{name=entities/*/profileTables/*}`.
  public let path: String

  /// The field that the HTTP body fills: `*` for the whole request, empty for none.
  public let body: String

  /// The response field that becomes the HTTP body; empty for the whole response.
  public let responseBody: String

  package init(verb: String, path: String, body: String, responseBody: String) {
    self.verb = verb
    self.path = path
    self.body = body
    self.responseBody = responseBody
  }
}

/// What is known of a method before it is called.
///
/// A value of one reference, cheap to pass along with each call.
public struct MethodInfo: Sendable, Hashable, CustomStringConvertible {
  private let storage: Storage

  /// The path of the HTTP/2 request: `/rapport.profiles.v1.Profiles/GetProfile`.
  public var path: String { storage.path }

  /// The full name of the service: `rapport.profiles.v1.Profiles`.
  public var service: String { storage.service }

  /// The method's name within its service: `GetProfile`.
  public var name: String { storage.name }

  /// Which sides stream.
  public var kind: MethodKind { storage.kind }

  /// Who may call it; nil where the .proto states no rule.
  public var rule: MethodRule? { storage.rule }

  /// Its HTTP bindings, the first one leading; empty where it has none.
  public var http: [HTTPRule] { storage.http }

  /// What it takes.
  public var request: MessageDescriptor { storage.request }

  /// What it gives.
  public var response: MessageDescriptor { storage.response }

  /// The path.
  public var description: String { path }

  package init(
    service: String, name: String, kind: MethodKind, rule: MethodRule?, http: [HTTPRule],
    request: MessageDescriptor, response: MessageDescriptor
  ) {
    storage = Storage(
      path: "/\(service)/\(name)", service: service, name: name, kind: kind, rule: rule, http: http,
      request: request, response: response)
  }

  /// Two methods are the same if their paths are.
  public static func == (left: MethodInfo, right: MethodInfo) -> Bool {
    left.storage === right.storage || left.path == right.path
  }

  /// Hashes the path.
  public func hash(into hasher: inout Hasher) { hasher.combine(path) }

  private final class Storage: Sendable {
    let path: String
    let service: String
    let name: String
    let kind: MethodKind
    let rule: MethodRule?
    let http: [HTTPRule]
    let request: MessageDescriptor
    let response: MessageDescriptor

    init(
      path: String, service: String, name: String, kind: MethodKind, rule: MethodRule?, http: [HTTPRule],
      request: MessageDescriptor, response: MessageDescriptor
    ) {
      self.path = path
      self.service = service
      self.name = name
      self.kind = kind
      self.rule = rule
      self.http = http
      self.request = request
      self.response = response
    }
  }
}
