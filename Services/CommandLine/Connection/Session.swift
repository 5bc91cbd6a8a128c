import Logging
import Messages
import NIOCore
import RPC

/// The calls of one command: to one server, with one key.
final class Session: Sendable {
  /// How answers are printed.
  let output: Output
  private let client: RPCClient
  private let tokens: TokenSource
  private let timeout: Duration

  /// Nothing connects before the first call.
  init(_ settings: ConnectionSettings, output: OutputFormat, timeout: Duration) {
    // Nobody reads a log here; what matters comes as an error.
    let logger = Logger(label: "rapport") { _ in SwiftLogNoOpLogHandler() }
    client = RPCClient(addresses: [settings.server], logger: logger)
    tokens = TokenSource(key: settings.key, client: client)
    self.output = Output(format: output)
    self.timeout = timeout
  }

  /// Runs `body` with a session as the options say, and closes its connections.
  static func run(_ options: CommonOptions, _ body: (Session) async throws -> Void) async throws {
    let session = try Session(
      options.settings(), output: options.output, timeout: .seconds(options.timeout))
    do {
      try await body(session)
    } catch {
      await session.client.close()
      throw error
    }
    await session.client.close()
  }

  /// Calls a method that takes one message and answers once.
  func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request
  ) async throws -> Response {
    try await withToken(for: method.info) { metadata in
      try await client.call(method, request, options: CallOptions(timeout: timeout, metadata: metadata))
    }
  }

  /// Calls a method that answers with a stream. `receive` is called again from the start if the token was refused
  /// before anything came.
  func call<Request: Message, Response: Message, Result>(
    _ method: ServerStreamingMethod<Request, Response>, _ request: Request,
    _ receive: (ResponseStream<Response>) async throws -> Result
  ) async throws -> Result {
    try await withToken(for: method.info) { metadata in
      try await client.call(method, request, options: CallOptions(metadata: metadata), receive)
    }
  }

  /// Calls a method that takes a stream, once: what was sent cannot be sent again from here. A token that was refused
  /// is made anew for the next call.
  func call<Request: Message, Response: Message>(
    _ method: ClientStreamingMethod<Request, Response>, _ send: (RequestWriter<Request>) async throws -> Void
  ) async throws -> Response {
    let metadata = try await tokens.metadata(for: method.info)
    do {
      return try await client.call(method, options: CallOptions(metadata: metadata), send)
    } catch let error as RPCError where error.code == .unauthenticated {
      _ = await tokens.forget(metadata)
      throw error
    }
  }

  /// Calls any method of the suite with encoded messages.
  func raw<Result>(
    _ method: MethodInfo, _ body: (RawRequestWriter, RawResponseStream) async throws -> Result
  ) async throws -> Result {
    let metadata = try await tokens.metadata(for: method)
    let limit = method.kind == .unary ? timeout : nil
    return try await client.raw(path: method.path, options: CallOptions(timeout: limit, metadata: metadata), body)
  }

  // A key that was changed or a gateway that started anew may have ended the token before its time.
  private func withToken<Result>(
    for method: MethodInfo, _ body: (Metadata) async throws -> Result
  ) async throws -> Result {
    let metadata = try await tokens.metadata(for: method)
    do {
      return try await body(metadata)
    } catch let error as RPCError where error.code == .unauthenticated {
      guard await tokens.forget(metadata) else { throw error }
      return try await body(tokens.metadata(for: method))
    }
  }
}
