package import Messages
package import RPC
package import ServiceKit

/// A request whose effect happens once, however often it is sent with the same id.
package struct Once<Request: Message>: Sendable {
  package var key: RequestLedger.Key
  package let request: Request
  /// The entity in which the effect happens.
  package let scope: Principal.Entity

  /// - Parameter id: as the request carries it; empty: it happens each time.
  /// - Throws: ``RPCError`` as ``RequestLedger/Key`` does.
  package init(_ request: Request, id: String, call: Call, entity: Int64) throws {
    self.key = try RequestLedger.Key(id, of: call, entity: entity)
    self.request = request
    self.scope = try call.access.scope(of: entity)
  }
}
