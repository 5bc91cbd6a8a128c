public import Messages
import Synchronization

/// The server's view of one call: what the handler and every interceptor are given.
///
/// Safe to use from any task. In a handler's task ``current`` is this call.
public final class Call: Sendable {
  /// The call that the current task serves, if it serves one. Bare `Task {}` inherits it, `Task.detached` does not.
  @TaskLocal public static var current: Call?

  /// The method, or nil when the router's fallback serves a path that it does not know.
  public let method: MethodInfo?
  /// The path as it was sent, for example `/rapport.profiles.v1.Profiles/GetProfile`.
  public let path: String
  /// The request's metadata.
  public let metadata: Metadata
  /// When the caller stops waiting; the handler's task is cancelled then.
  public let deadline: Deadline?
  /// The peer's address as text, for example `127.0.0.1:50102`.
  public let peer: String

  private let serial: CallSerial
  private let state = Mutex(State())

  private struct State: Sendable {
    var values: [ObjectIdentifier: any Sendable] = [:]
    var initialMetadata = Metadata()
    var trailingMetadata = Metadata()
    var responseCompression: Compression?
    var isRequestCompressed = false
  }

  /// A call made by the server, or by a test of an interceptor or handler.
  public init(
    method: MethodInfo?, path: String, metadata: Metadata, deadline: Deadline? = nil, peer: String,
    serial: CallSerial
  ) {
    self.method = method
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
    self.serial = serial
  }

  /// The request's id: the caller's `x-request-id` when it is 1 to 128 visible ASCII characters, else one of this
  /// server's own, unique with overwhelming probability. The same at every reading.
  public var id: String {
    guard let id = metadata.first("x-request-id"), (1...128).contains(id.utf8.count),
      id.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { return serial.description }
    return id
  }

  /// A value that an interceptor attached to this call under a key.
  public subscript<Key: CallKey>(key: Key.Type) -> Key.Value? {
    get { state.withLock { $0.values[ObjectIdentifier(key)] } as? Key.Value }
    set { state.withLock { $0.values[ObjectIdentifier(key)] = newValue } }
  }

  /// Sets what is sent before the first message. Without effect once the first message was sent.
  public func setInitialMetadata(_ metadata: Metadata) {
    state.withLock { $0.initialMetadata = metadata }
  }

  /// Sets what is sent after the last message, beside the status.
  public func setTrailingMetadata(_ metadata: Metadata) {
    state.withLock { $0.trailingMetadata = metadata }
  }

  /// Chooses how this call's responses are compressed, in place of ``ServerConfiguration/compression``. Without effect
  /// for a client that accepts no compression, and once the first message was sent.
  public func setResponseCompression(_ compression: Compression) {
    state.withLock { $0.responseCompression = compression }
  }

  /// Whether the request message that was read last came compressed.
  public var isRequestCompressed: Bool { state.withLock { $0.isRequestCompressed } }

  func setRequestCompressed(_ isCompressed: Bool) {
    state.withLock { $0.isRequestCompressed = isCompressed }
  }

  var responseCompression: Compression? { state.withLock { $0.responseCompression } }

  var initialMetadata: Metadata { state.withLock { $0.initialMetadata } }

  var trailingMetadata: Metadata { state.withLock { $0.trailingMetadata } }
}

/// Names a value that interceptors attach to a ``Call``.
///
/// ```swift
/// enum PrincipalKey: CallKey { typealias Value = Principal }
/// call[PrincipalKey.self] = principal
/// ```
public protocol CallKey {
  /// The type of the value.
  associatedtype Value: Sendable
}

/// Makes the id of a call that came without one: the connection's random number and the call's number on it.
public struct CallSerial: Sendable, Hashable, CustomStringConvertible {
  let connection: UInt64
  let stream: UInt32

  /// A serial; `connection` is random, `stream` unique on the connection.
  public init(connection: UInt64, stream: UInt32) {
    self.connection = connection
    self.stream = stream
  }

  /// 24 hexadecimal digits.
  public var description: String {
    String(unsafeUninitializedCapacity: 24) { digits in
      for index in 0..<16 { digits[index] = Self.digit(connection >> UInt64(60 - 4 * index)) }
      for index in 0..<8 { digits[16 + index] = Self.digit(UInt64(stream >> UInt32(28 - 4 * index))) }
      return 24
    }
  }

  private static func digit(_ value: UInt64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value & 0xf)
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
  }
}
