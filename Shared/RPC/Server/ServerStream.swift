import NIOCore

/// One call of a server connection, on its loop.
final class ServerStream {
  let id: Int32
  let call: Call
  let route: Route
  let pipe: CallPipe
  var machine: ServerStreamMachine
  var task: Task<Void, Never>?
  var relayed: RelayedCall?
  var relayStart = NIODeadline.uptimeNanoseconds(0)

  init(id: Int32, call: Call, route: Route, pipe: CallPipe) {
    self.id = id
    self.call = call
    self.route = route
    self.pipe = pipe
    machine = ServerStreamMachine(waits: route.takesOneRequest || route.relaying != nil)
  }

  /// Lets whoever serves the call know that nobody waits for it.
  func cancelService() {
    task?.cancel()
    relayed?.cancel()
  }

  /// Sends the status that ends the call: after the messages, or alone when there were none.
  func answer(_ error: RPCError?) {
    if pipe.hasSentHead || (error == nil && !call.initialMetadata.isEmpty) {
      pipe.sendHead()
      pipe.endSending(trailers: ResponseHead.trailers(error, call.trailingMetadata))
    } else {
      pipe.connection.session.respondAndEnd(id, ResponseHead.trailersOnly(error, call.trailingMetadata))
      pipe.connection.needsTurn()
    }
  }
}
