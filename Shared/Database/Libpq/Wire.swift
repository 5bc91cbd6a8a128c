import CPostgres

/// A PGconn and its end. All pointers of libpq to a connection stay in this folder.
struct Wire: ~Copyable {
  let pointer: OpaquePointer

  /// Begins to connect; nil when memory is short. Reads "key = value" pairs of libpq's connection parameters.
  init?(connectingWith parameters: [String: String]) {
    let keys = parameters.keys.sorted()
    let pointer = withCStrings(keys) { keys in
      withCStrings(parameters.sorted { $0.key < $1.key }.map(\.value)) { values in
        PQconnectStartParams(keys, values, 0)
      }
    }
    guard let pointer else { return nil }
    self.pointer = pointer
    // Notices may quote values, and libpq would print them to the standard error.
    PQsetNoticeReceiver(pointer, { _, _ in }, nil)
  }

  deinit { PQfinish(pointer) }

  /// −1 when there is none.
  var socket: Int32 { PQsocket(pointer) }

  /// What libpq says of the last failure of the connection itself; it names hosts and roles, no values.
  var failure: String {
    let lines = PQerrorMessage(pointer).map { String(cString: $0) } ?? ""
    return lines.split(separator: "\n").joined(separator: " ")
  }

  /// Reads what has come, without waiting; false when the connection is broken.
  func consumeInput() -> Bool { PQconsumeInput(pointer) == 1 }

  enum Flush { case done, pending, failed }

  /// Sends what is buffered, without waiting.
  func flush() -> Flush {
    switch PQflush(pointer) {
    case 0: .done
    case 1: .pending
    default: .failed
    }
  }

  /// The next NOTIFY that has come.
  func nextNotification() -> (channel: String, payload: String)? {
    guard let notification = PQnotifies(pointer) else { return nil }
    defer { PQfreemem(notification) }
    return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
  }

  /// What cancels the running statement from another thread.
  func canceller() -> Canceller? { PQgetCancel(pointer).map(Canceller.init(taking:)) }
}

/// Cancels the statement that a connection runs.
///
/// `@unchecked Sendable`: a PGcancel is a copy of the server's address and key that nothing changes; PQcancel may be
/// called from any thread (libpq, "Canceling Queries in Progress").
final class Canceller: @unchecked Sendable {
  private let pointer: OpaquePointer

  fileprivate init(taking pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQfreeCancel(pointer) }

  /// Asks the server, waiting until it has passed the request on. It may come too late or, once the connection is used
  /// again, hit another statement: a connection that was cancelled is closed.
  func cancel() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      _ = PQcancel(pointer, buffer.baseAddress, 256)
    }
  }
}

/// Gives `body` a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
  let bytes = strings.flatMap { Array($0.utf8CString) }
  return bytes.withUnsafeBufferPointer { buffer in
    var pointers: [UnsafePointer<CChar>?] = []
    var offset = 0
    for string in strings {
      pointers.append(buffer.baseAddress.map { $0 + offset })
      offset += string.utf8.count + 1
    }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
