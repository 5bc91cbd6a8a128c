import Messages
import NIOCore

/// What a route's handler needs of its call.
struct ServerExchange: Sendable {
  let call: Call
  let pipe: CallPipeHandle
  let interceptors: [any ServerInterceptor]

  var rawRequests: RawRequestStream { RawRequestStream(pipe: pipe) }

  var rawResponses: RawResponseWriter { RawResponseWriter(pipe: pipe) }

  func requests<Request: Message>() -> RequestStream<Request> {
    RequestStream(raw: rawRequests, interceptors: interceptors, call: call)
  }

  func responses<Response: Message>() -> ResponseWriter<Response> {
    ResponseWriter(raw: rawResponses)
  }

  /// Runs the interceptors, and inside them the handler.
  ///
  /// - Returns: how the call failed, if it did.
  func run(_ route: Route) async -> RPCError? {
    do {
      try await Call.$current.withValue(call) { try await enter(0, route) }
      return nil
    } catch {
      return RPCError(wrapping: error)
    }
  }

  private func enter(_ index: Int, _ route: Route) async throws {
    guard index < interceptors.count else { return try await route.run(self) }
    try await interceptors[index].intercept(call) { _ in try await enter(index + 1, route) }
  }

  /// The request of a method that takes one.
  func onlyRequest<Request: Message>() async throws -> Request {
    guard let bytes = try await pipe.next() else {
      throw RPCError(.unimplemented, "The method takes one request message; none came.")
    }
    guard try await pipe.next() == nil else {
      throw RPCError(.unimplemented, "The method takes one request message; more came.")
    }
    let request = try Request(decodingRequest: bytes)
    for interceptor in interceptors {
      try await interceptor.willHandle(request: request, call: call)
    }
    return request
  }

  /// Answers a method that gives one response.
  func respond(_ response: some Message) async throws {
    try await pipe.sendLast(response)
  }
}
