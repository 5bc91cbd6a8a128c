/// How a server listens, and what it allows. Every limit protects honest clients from the others.
public struct ServerConfiguration: Sendable {
  /// The address to listen on. Default `127.0.0.1`.
  public var host: String
  /// The port to listen on; 0 lets the system choose one.
  public var port: Int
  /// TLS; nil, the default, speaks plain HTTP/2 with prior knowledge.
  public var tls: ServerTLS?

  /// Calls at once on a connection (SETTINGS_MAX_CONCURRENT_STREAMS). Default 256.
  public var maxConcurrentCalls = 256
  /// Connections at once; more are closed as they are accepted. Default 10,000.
  public var maxConnections = 10_000
  /// Bytes of a request message, uncompressed. Larger ones answer RESOURCE_EXHAUSTED unread. Default 4 MiB.
  public var maxRequestSize = 4 << 20
  /// Bytes of a response message. Larger ones fail the call with RESOURCE_EXHAUSTED. Default 64 MiB.
  public var maxResponseSize = 64 << 20
  /// Bytes of a request's header list (SETTINGS_MAX_HEADER_LIST_SIZE, RFC 9113 §6.5.2). Default 16 KiB.
  public var maxHeaderListSize = 16 << 10
  /// Unread request bytes that a client may have under way in one call (SETTINGS_INITIAL_WINDOW_SIZE). Default 256 KiB.
  public var streamWindow = 256 << 10
  /// Unread request bytes of all calls of a connection, above which windows open for one call only.
  /// Default 16 MiB.
  public var connectionBuffer = 16 << 20
  /// Bytes that all connections may hold: requests that are unread or not complete, responses that clients do not take.
  /// Above it, connections that hold more than an equal share are closed. Default 512 MiB.
  public var maxHeldBytes = 512 << 20
  /// Response bytes of a call that may wait for the client's window before `send` suspends. Default 64 KiB.
  public var outgoingBuffer = 64 << 10
  /// Compression of responses, for clients that accept it. Default none. Requests may always come compressed.
  public var compression = Compression.identity

  /// Resets of calls by the client (RST_STREAM) that a connection may do at once. Default 1,000.
  public var resetBurst = 1_000
  /// Resets a second that a connection may do in the long run; above, it is closed. Default 100.
  public var resetRate = 100

  /// How long a new connection may take until its HTTP/2 preface is complete. Default 10 s.
  public var prefaceTimeout = Duration.seconds(10)
  /// After one to two times so long without a call, a connection is drained. Default 1 hour.
  public var maxConnectionIdle = Duration.seconds(3_600)
  /// After so long, a connection is drained. Nil, the default: never.
  public var maxConnectionAge: Duration?
  /// How long calls of a drained connection (age, idle) may go on. Nil, the default: as long as they like.
  public var maxConnectionAgeGrace: Duration?
  /// The server pings a connection on which nothing came for one to two times so long. Default 2 hours.
  public var keepaliveTime = Duration.seconds(7_200)
  /// A connection whose ping is not answered within this time is closed. Default 20 s.
  public var keepaliveTimeout = Duration.seconds(20)
  /// Pings that a client sends more often than this, three times, close its connection. Default 1 s.
  public var minPingInterval = Duration.seconds(1)

  /// A configuration with the defaults.
  public init(host: String = "127.0.0.1", port: Int = 0, tls: ServerTLS? = nil) {
    self.host = host
    self.port = port
    self.tls = tls
  }
}
