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
      router.handle(raw: method.info, relaying: relaying(method)) { requests, responses, call in
        try await serve(method, requests, responses, call)
      }
    }
    router.fallback { _, _, call in throw RPCError.methodUnknown(call.path) }
  }

  /// Passes unary calls on that are allowed at once.
  private func relaying(_ method: PublicMethod) -> Relaying? {
    guard method.info.kind == .unary, let client = try? peers.client(of: method.service) else { return nil }
    let telling = { @Sendable error in Self.name(method.service, in: error) }
    return { @Sendable call, request in
      try? RelayDestination(client: client, options: options(of: call, method, request), telling: telling)
    }
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

  /// How a unary call goes on, if access as it is known now allows it. ``serve(_:_:_:_:)`` is for the rest: it looks
  /// again before it refuses, and says why.
  private func options(of call: Call, _ method: PublicMethod, _ request: ByteBuffer) throws(RPCError) -> CallOptions {
    var principal = Metadata()
    if method.need != .nothing {
      let authenticated = try authenticator.caller(of: call.metadata)
      let demands = try method.demands(of: request)
      if case .right = method.need, demands.isEmpty { throw RPCError.nothingNamed(method.info) }
      for demand in demands { try authenticated.caller.meet(demand) }
      principal = authenticated.metadata
    }
    return CallOptions(deadline: call.deadline, metadata: ForwardedMetadata.of(call, principal: principal))
  }

  /// Says which service cannot be reached, where the client itself concluded that none can: such an error has a cause on
  /// this side, while one that the service has sent passes as it is.
  private func naming(_ service: ServiceName, _ pass: () async throws -> Void) async throws {
    do {
      try await pass()
    } catch let error as RPCError {
      throw Self.name(service, in: error)
    }
  }

  private static func name(_ service: ServiceName, in error: RPCError) -> RPCError {
    switch error.cause {
    case let cause? where error.code == .unavailable:
      cause is ConnectionLost ? .serviceLost(service, cause: error) : .serviceUnavailable(service, cause: error)
    default: error
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
