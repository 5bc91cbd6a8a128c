import Messages
import NIOCore
import RPC
import ServiceKit
import Synchronization
import Values

/// Watches over one call: lets a message through only when access, as it stands then, allows all that it names.
///
/// A call that goes on is held to what it has named so far: once access has changed, nothing more passes in either
/// direction unless every demand still holds. A token that ends meanwhile does not end the call; a key that does, does.
final class CallGuard: Sendable {
  private let method: PublicMethod
  private let authenticator: Authenticator
  private let state: AccessState
  private let time: any TimeSource
  private let metadata: Metadata
  private let seen = Mutex(Seen())

  private struct Seen: Sendable {
    var caller: Caller?
    /// One of each kind, so that a stream that names a million rows keeps one demand.
    var demands: [Kind: Demand] = [:]
    var isOpen = false
  }

  private struct Kind: Hashable, Sendable {
    var place: Demand.Place
    var need: Demand.Need
  }

  /// - Parameter metadata: of the call.
  init(
    method: PublicMethod, authenticator: Authenticator, state: AccessState, time: any TimeSource, metadata: Metadata
  ) {
    self.method = method
    self.authenticator = authenticator
    self.state = state
    self.time = time
    self.metadata = metadata
  }

  /// Tells who calls, before anything is read of the request.
  ///
  /// - Returns: the metadata that vouches for the caller; nothing for a method that is open to all.
  /// - Throws: ``RPCError`` as ``Authenticator/caller(of:)``.
  func open() async throws(RPCError) -> Metadata {
    guard method.need != .nothing else {
      seen.withLock { $0.isOpen = true }
      return Metadata()
    }
    return try await state.deciding { () throws(RPCError) in
      let authenticated = try authenticator.caller(of: metadata)
      seen.withLock { seen in
        seen.caller = authenticated.caller
        seen.isOpen = true
      }
      return authenticated.metadata
    }
  }

  /// Lets the first message of the request through.
  ///
  /// - Throws: ``RPCError``; also INVALID_ARGUMENT when the method asks for a right and the message names nothing.
  func admitFirst(_ message: ByteBuffer) async throws(RPCError) {
    let demands = try await admit(message)
    if case .right = method.need, demands == 0 { throw .nothingNamed(method.info) }
  }

  /// Lets a message of the request through.
  ///
  /// - Returns: how many names it has.
  /// - Throws: ``RPCError`` when it names what the caller cannot see or may not use, or access no longer allows what
  ///   earlier messages named.
  @discardableResult
  func admit(_ message: ByteBuffer) async throws(RPCError) -> Int {
    guard method.need != .nothing else { return 0 }
    let demands = try method.demands(of: message)
    try await state.deciding { () throws(RPCError) in try hold(demands) }
    return demands.count
  }

  /// Checks that what was named so far may still be used. Costs a comparison while access has not changed.
  ///
  /// - Throws: ``RPCError``.
  func recheck() throws(RPCError) {
    guard method.need != .nothing else { return }
    try hold([])
  }

  private func hold(_ new: [Demand]) throws(RPCError) {
    let view = try state.current()
    let (known, earlier) = seen.withLock { ($0.caller, $0.demands) }
    guard let known else { throw .tokenMissing }
    guard view.revision != known.view.revision else {
      try check(expiryOf: known)
      for demand in new { try known.meet(demand) }
      keep(known, new)
      return
    }
    let caller = try renew(known, in: view)
    for demand in earlier.values { try caller.meet(demand) }
    for demand in new { try caller.meet(demand) }
    keep(caller, new)
  }

  private func renew(_ caller: Caller, in view: AccessView) throws(RPCError) -> Caller {
    guard let key = view.key(number: caller.key.number), key.revokeTime == nil else { throw .keyRevoked }
    let renewed = Caller(key: key, token: caller.token, view: view)
    try check(expiryOf: renewed)
    return renewed
  }

  private func check(expiryOf caller: Caller) throws(RPCError) {
    if let expireTime = caller.key.expireTime, expireTime <= time.now { throw .keyExpired }
  }

  private func keep(_ caller: Caller, _ demands: [Demand]) {
    // What takes and gives one message is held to nothing later.
    guard method.info.kind != .unary else { return }
    seen.withLock { seen in
      seen.caller = caller
      for demand in demands { seen.demands[Kind(place: demand.place, need: demand.need)] = demand }
    }
  }
}

extension RPCError {
  /// Whether another state of access would have led to another answer.
  var isDecidedByView: Bool {
    switch reason {
    case "RESOURCE_NOT_FOUND", "RIGHT_MISSING", "KEY_INVALID", "KEY_REVOKED", "KEY_EXPIRED": true
    default: false
    }
  }
}
