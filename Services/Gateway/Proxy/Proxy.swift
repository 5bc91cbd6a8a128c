import Messages
import NIOCore
import RPC
import ServiceKit

/// Serves every public method that the gateway does not serve itself: checks who calls and what is named, then passes the
/// bytes on to the service that serves it, and its answer back.
///
/// Messages pass undecoded and unchanged, both ways, no faster than the slower side reads them. A call that either side
/// gives up ends on both.
struct Proxy: Sendable {
  private let methods: PublicMethods
  private let peers: Peers
  private let authenticator: Authenticator
  private let state: AccessState
  private let time: any TimeSource

  /// A proxy in front of services.
  init(
    methods: PublicMethods, peers: Peers, authenticator: Authenticator, state: AccessState, time: any TimeSource
  ) {
    self.methods = methods
    self.peers = peers
    self.authenticator = authenticator
    self.state = state
    self.time = time
  }

  /// Adds the methods, and an answer for paths of none.
  func register(in router: inout Router) {
    for method in methods.all where method.service != .gateway {
      router.handle(raw: method.info) { requests, responses, call in
        try await serve(method, requests, responses, call)
      }
    }
    router.fallback { _, _, call in throw RPCError.methodUnknown(call.path) }
  }

  /// Serves one call.
  ///
  /// - Throws: ``RPCError``: the gateway's own refusals, or what the service answered, as it answered it.
  private func serve(
    _ method: PublicMethod, _ requests: RawRequestStream, _ responses: RawResponseWriter, _ call: Call
  ) async throws {
    let watch = CallGuard(
      method: method, authenticator: authenticator, state: state, time: time, metadata: call.metadata)
    let principal = try await watch.open()
    let first = try await firstMessage(of: requests, method, watch)
    guard let client = try? peers.client(of: method.service) else { throw RPCError.serviceMissing(method.service) }
    let options = CallOptions(
      deadline: call.deadline, metadata: ForwardedMetadata.of(call, principal: principal))
    try await naming(method.service) {
      guard method.info.kind != .unary else {
        return try await passUnary(first, by: client, options, call, responses)
      }
      try await client.raw(path: call.path, options: options) { upstream, downstream in
        let exchange = ProxiedExchange(
          requests: requests, responses: responses, upstream: upstream, downstream: downstream, call: call, watch: watch
        )
        if method.takesOneMessage {
          try await exchange.sendOnly(first)
          try await exchange.passAnswer(stream: method.answersWithStream)
        } else {
          try await exchange.passBothWays(first: first, stream: method.answersWithStream)
        }
      }
    }
  }

  /// One message there, one back: as most calls are, so it goes the shortest way.
  private func passUnary(
    _ request: ByteBuffer, by client: RPCClient, _ options: CallOptions, _ call: Call, _ responses: RawResponseWriter
  ) async throws {
    let answer = try await client.rawUnary(path: call.path, request, options: options)
    call.setInitialMetadata(answer.initialMetadata)
    call.setTrailingMetadata(answer.trailingMetadata)
    try await responses.sendLast(answer.message)
  }

  /// Says which service cannot be reached, where the client itself concluded that none can: such an error has a cause on
  /// this side, while one that the service has sent passes as it is.
  private func naming(_ service: ServiceName, _ pass: () async throws -> Void) async throws {
    do {
      try await pass()
    } catch let error as RPCError where error.code == .unavailable && error.cause != nil {
      throw RPCError.serviceUnavailable(service, cause: error)
    }
  }

  /// The message that decides whether the call goes on at all: nothing reaches a service before it was let through.
  private func firstMessage(
    of requests: RawRequestStream, _ method: PublicMethod, _ watch: CallGuard
  ) async throws -> ByteBuffer {
    guard let first = try await requests.next() else {
      throw method.takesOneMessage ? RPCError.notOneMessage(method.info) : .nothingNamed(method.info)
    }
    try await watch.admitFirst(first)
    if method.takesOneMessage, try await requests.next() != nil { throw RPCError.notOneMessage(method.info) }
    return first
  }
}
