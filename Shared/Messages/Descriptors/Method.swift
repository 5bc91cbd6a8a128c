/// A method with one request and one response.
public struct UnaryMethod<Request: Message, Response: Message>: Sendable {
  /// The method's path, rule and mappings.
  public let info: MethodInfo

  package init(_ info: MethodInfo) { self.info = info }
}

/// A method with a stream of requests and one response.
public struct ClientStreamingMethod<Request: Message, Response: Message>: Sendable {
  /// The method's path, rule and mappings.
  public let info: MethodInfo

  package init(_ info: MethodInfo) { self.info = info }
}

/// A method with one request and a stream of responses.
public struct ServerStreamingMethod<Request: Message, Response: Message>: Sendable {
  /// The method's path, rule and mappings.
  public let info: MethodInfo

  package init(_ info: MethodInfo) { self.info = info }
}

/// A method with a stream of requests and a stream of responses.
public struct BidirectionalMethod<Request: Message, Response: Message>: Sendable {
  /// The method's path, rule and mappings.
  public let info: MethodInfo

  package init(_ info: MethodInfo) { self.info = info }
}
