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

  /// Serves one call.
  ///
  /// - Throws: ``RPCError``: the gateway's own refusals, or what the service answered, as it answered it.
  func serve(_ requests: RawRequestStream, _ responses: RawResponseWriter, _ call: Call) async throws {
    guard let method = methods[call.path], method.service != .gateway else {
      throw RPCError.methodUnknown(call.path)
    }
    let watch = CallGuard(
      method: method, authenticator: authenticator, state: state, time: time, metadata: call.metadata)
    let principal = try await watch.open()
    let first = try await firstMessage(of: requests, method, watch)
    guard let client = try? peers.client(of: method.service) else { throw RPCError.serviceMissing(method.service) }
    let options = CallOptions(
      deadline: call.deadline, metadata: ForwardedMetadata.of(call, principal: principal))
    try await client.raw(path: call.path, options: options) { upstream, downstream in
      let exchange = ProxiedExchange(
        requests: requests, responses: responses, upstream: upstream, downstream: downstream, call: call, watch: watch)
      if method.takesOneMessage {
        try await exchange.sendOnly(first)
        try await exchange.passAnswer(stream: method.answersWithStream)
      } else {
        try await exchange.passBothWays(first: first, stream: method.answersWithStream)
      }
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
