/// Where a server listens.
public struct HostPort: Sendable, Hashable, CustomStringConvertible {
  /// A host name or an IP address.
  public var host: String
  /// The TCP port.
  public var port: Int

  /// A host and a port.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// `host:port`, with brackets around an IPv6 address.
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// How a client connects, and what it allows.
public struct ClientConfiguration: Sendable {
  /// TLS; nil, the default, speaks plain HTTP/2 with prior knowledge.
  public var tls: ClientTLS?
  /// Bytes of a request message. Larger ones fail with RESOURCE_EXHAUSTED, unsent. Default 64 MiB.
  public var maxRequestSize = 64 << 20
  /// Bytes of a response message, uncompressed. Larger ones fail the call with RESOURCE_EXHAUSTED. Default 64 MiB.
  public var maxResponseSize = 64 << 20
  /// Bytes of a response's header list. Default 16 KiB.
  public var maxHeaderListSize = 16 << 10
  /// Unread response bytes that a server may have under way in one call. Default 256 KiB.
  public var streamWindow = 256 << 10
  /// Unread response bytes of all calls of a connection, above which windows open for one call only. Default 64 MiB.
  public var connectionBuffer = 64 << 20
  /// Request bytes of a call that may wait for the server's window before `send` suspends. Default 64 KiB.
  public var outgoingBuffer = 64 << 10
  /// How long a connection attempt may take. Default 5 s.
  public var connectTimeout = Duration.seconds(5)
  /// The wait before the second attempt after a failure; grows by 1.6 with each failure. Default 100 ms.
  public var minBackOff = Duration.milliseconds(100)
  /// The longest wait between two attempts. Default 10 s.
  public var maxBackOff = Duration.seconds(10)
  /// Attempts of a call that no server saw, the first included. Default 5.
  public var maxAttempts = 5
  /// The client pings a connection with open calls on which nothing came for one to two times so long. Nil, the default: never.
  public var keepaliveTime: Duration?
  /// A connection whose ping is not answered within this time is closed. Default 20 s.
  public var keepaliveTimeout = Duration.seconds(20)

  /// A configuration with the defaults.
  public init(tls: ClientTLS? = nil) {
    self.tls = tls
  }
}
