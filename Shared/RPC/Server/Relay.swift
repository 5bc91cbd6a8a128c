public import NIOCore

/// Where a unary call goes on to, undecoded.
public struct RelayDestination: Sendable {
  /// Of the server that serves the call.
  let client: RPCClient
  /// What goes with the call.
  let options: CallOptions
  /// What the caller is told of a failure.
  let telling: @Sendable (RPCError) -> RPCError

  /// A destination; `telling` gets how the call failed there.
  public init(client: RPCClient, options: CallOptions, telling: @escaping @Sendable (RPCError) -> RPCError) {
    self.client = client
    self.options = options
    self.telling = telling
  }
}

/// Tells where a unary call goes on to, given its request: on the connection's loop, at once.
///
/// Nil when that cannot be told without waiting, or when the call is to be refused: then the method's handler serves it.
public typealias Relaying = @Sendable (Call, ByteBuffer) -> RelayDestination?

/// What a call that is relayed waits for, on its loop.
struct RelayedCall {
  let connection: ClientConnection
  let stream: ClientStream

  /// The caller waits no longer.
  func cancel() {
    connection.cancel(stream, .callerCancelled)
  }
}

// A relayed call has no task: what costs a proxy most is not passing bytes on, but waiting for them.
extension ServerConnection {
  /// Relays a call whose request is here, if it can be relayed.
  func relay(_ stream: ServerStream) -> Bool {
    guard let relaying = stream.route.relaying, let request = stream.pipe.onlyMessage(),
      let destination = relaying(stream.call, request)
    else { return false }
    let telling = destination.telling
    // The request stays in the pipe until the end: a call that no server saw is left to the handler.
    stream.relayed = destination.client.relay(stream.call.path, request, destination.options) { [self] in
      relayEnded(stream, $0, telling)
    }
    guard stream.relayed != nil else { return false }
    stream.relayStart = .now()
    for interceptor in service.interceptors { interceptor.relayBegan(stream.call) }
    handlers += 1
    return true
  }

  private func relayEnded(
    _ stream: ServerStream, _ result: Result<RawResponse, RPCError>, _ telling: (RPCError) -> RPCError
  ) {
    stream.relayed = nil
    if case .failure(let error) = result, error.isUnseen, stream.machine.isServed {
      tellInterceptors(stream, nil)
      handlers -= 1
      return start(stream)
    }
    let error = pass(result, to: stream).map(telling)
    tellInterceptors(stream, error?.code ?? .ok)
    handlerEnded(stream, error)
  }

  private func tellInterceptors(_ stream: ServerStream, _ code: StatusCode?) {
    let time = Duration.nanoseconds((.now() - stream.relayStart).nanoseconds)
    for interceptor in service.interceptors { interceptor.relayEnded(stream.call, code, after: time) }
  }

  private func pass(_ result: Result<RawResponse, RPCError>, to stream: ServerStream) -> RPCError? {
    do throws(RPCError) {
      let response = try result.get()
      stream.call.setInitialMetadata(response.initialMetadata)
      stream.call.setTrailingMetadata(response.trailingMetadata)
      _ = try stream.pipe.write(try stream.pipe.frame(response.message))
      return nil
    } catch {
      return error
    }
  }
}
