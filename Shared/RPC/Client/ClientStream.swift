import NIOCore

/// The answer to a call with one response, not decoded.
struct RawResponse: Sendable {
  /// The message.
  var message: ByteBuffer
  /// What came before it.
  var initialMetadata: Metadata
  /// What came after it.
  var trailingMetadata: Metadata
}

/// One call of a client connection, on its loop.
final class ClientStream {
  /// Who waits for the one response.
  enum ResponseWaiter {
    case task(CheckedContinuation<RawResponse, any Error>)
    case relay((Result<RawResponse, RPCError>) -> Void)

    func resume(with result: Result<RawResponse, RPCError>) {
      switch self {
      case .task(let continuation): continuation.resume(with: result.mapError { $0 })
      case .relay(let ended): ended(result)
      }
    }
  }

  let pipe: CallPipe
  let deadline: Deadline?
  var machine = ClientStreamMachine()
  private(set) var initialMetadata: Metadata?
  private(set) var trailingMetadata = Metadata()
  private var failure: RPCError?
  private var headWaiters: [CheckedContinuation<Metadata, any Error>] = []
  private var responseWaiter: ResponseWaiter?

  init(pipe: CallPipe, deadline: Deadline?) {
    self.pipe = pipe
    self.deadline = deadline
  }

  var id: Int32 { pipe.stream }

  /// The response's head came.
  func headCame(_ fields: ResponseFields) {
    pipe.setEncoding(fields.encoding ?? .identity)
    initialMetadata = fields.metadata
    resumeHeadWaiters(.success(fields.metadata))
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
    resumeHeadWaiters(.failure(error))
    responseWaiter.take()?.resume(with: .failure(error))
  }

  /// Keeps a task until the response's head is here.
  func waitForHead(_ continuation: CheckedContinuation<Metadata, any Error>) {
    if let initialMetadata {
      continuation.resume(returning: initialMetadata)
    } else if let failure {
      continuation.resume(throwing: failure)
    } else {
      headWaiters.append(continuation)
    }
  }

  /// Keeps who waits until the one response is here and the call has ended.
  func waitForResponse(_ waiter: ResponseWaiter) {
    // Between opening and waiting, the call may have been cancelled.
    if let failure { return waiter.resume(with: .failure(failure)) }
    responseWaiter = waiter
    pipe.wantMessages()
  }

  private func finishWithSuccess() {
    let head = initialMetadata ?? Metadata()
    initialMetadata = head
    resumeHeadWaiters(.success(head))
    pipe.endReceiving()
    pipe.peerIsDone()
    guard let waiter = responseWaiter.take() else { return }
    waiter.resume(with: Result { () throws(RPCError) in try onlyResponse() })
  }

  private func resumeHeadWaiters(_ result: Result<Metadata, any Error>) {
    let waiters = headWaiters
    headWaiters = []
    for waiter in waiters { waiter.resume(with: result) }
  }

  private func onlyResponse() throws(RPCError) -> RawResponse {
    switch pipe.read() {
    case .message(let message):
      guard case .end = pipe.read() else {
        throw RPCError(.unimplemented, "The method gives one response message; more came.")
      }
      return RawResponse(
        message: message, initialMetadata: initialMetadata ?? Metadata(), trailingMetadata: trailingMetadata)
    case .failed(let error): throw error
    case .end, .wait: throw RPCError(.unimplemented, "The method gives one response message; none came.")
    }
  }
}
