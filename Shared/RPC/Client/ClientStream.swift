import NIOCore

/// One call of a client connection, on its loop.
final class ClientStream {
  /// The answer to a call with one response.
  struct Response: Sendable {
    var message: ByteBuffer
    var initialMetadata: Metadata
    var trailingMetadata: Metadata
  }

  let pipe: CallPipe
  let deadline: Deadline?
  var machine = ClientStreamMachine()
  private(set) var initialMetadata: Metadata?
  private(set) var trailingMetadata = Metadata()
  private var failure: RPCError?
  private var headWaiter: CheckedContinuation<Metadata, any Error>?
  private var responseWaiter: CheckedContinuation<Response, any Error>?

  init(pipe: CallPipe, deadline: Deadline?) {
    self.pipe = pipe
    self.deadline = deadline
  }

  var id: Int32 { pipe.stream }

  /// The response's head came.
  func headCame(_ fields: ResponseFields) {
    pipe.setEncoding(fields.encoding ?? .identity)
    initialMetadata = fields.metadata
    headWaiter.take()?.resume(returning: fields.metadata)
  }

  /// The status came. What came before it may still be read.
  func trailersCame(_ fields: ResponseFields) {
    trailingMetadata = fields.metadata
    if let error = fields.outcome {
      fail(error, keepsMessages: true)
    } else {
      finishWithSuccess()
    }
  }

  /// The call failed for good.
  func fail(_ error: RPCError, keepsMessages: Bool = false) {
    guard failure == nil else { return }
    failure = error
    pipe.fail(error, keepsMessages: keepsMessages && responseWaiter == nil)
    headWaiter.take()?.resume(throwing: error)
    responseWaiter.take()?.resume(throwing: error)
  }

  /// Keeps a task until the response's head is here.
  func waitForHead(_ continuation: CheckedContinuation<Metadata, any Error>) {
    if let initialMetadata {
      continuation.resume(returning: initialMetadata)
    } else if let failure {
      continuation.resume(throwing: failure)
    } else {
      headWaiter = continuation
    }
  }

  /// Keeps a task until the one response is here and the call has ended.
  func waitForResponse(_ continuation: CheckedContinuation<Response, any Error>) {
    responseWaiter = continuation
    pipe.wantMessages()
  }

  private func finishWithSuccess() {
    headWaiter.take()?.resume(returning: initialMetadata ?? Metadata())
    initialMetadata = initialMetadata ?? Metadata()
    pipe.endReceiving()
    pipe.peerIsDone()
    guard let waiter = responseWaiter.take() else { return }
    do throws(RPCError) {
      waiter.resume(returning: try onlyResponse())
    } catch {
      waiter.resume(throwing: error)
    }
  }

  private func onlyResponse() throws(RPCError) -> Response {
    switch pipe.read() {
    case .message(let message):
      guard case .end = pipe.read() else {
        throw RPCError(.unimplemented, "The method gives one response message; more came.")
      }
      return Response(
        message: message, initialMetadata: initialMetadata ?? Metadata(), trailingMetadata: trailingMetadata)
    case .failed(let error): throw error
    case .end, .wait: throw RPCError(.unimplemented, "The method gives one response message; none came.")
    }
  }
}
