/// What one call wants beside its request.
public struct CallOptions: Sendable {
  /// The longest time the call may take. With ``deadline`` too, the earlier holds.
  public var timeout: Duration?
  /// The instant by which the call must end; usually the deadline of the call being served.
  public var deadline: Deadline?
  /// Metadata to send.
  public var metadata: Metadata
  /// Compression of the request messages.
  public var compression: Compression
  /// Whether the call waits for a connection until its deadline, or fails with UNAVAILABLE as soon as no address
  /// can be reached.
  public var waitsForReady: Bool

  /// Options of a call; by default no deadline, no metadata, no compression and no waiting.
  public init(
    timeout: Duration? = nil, deadline: Deadline? = nil, metadata: Metadata = Metadata(),
    compression: Compression = .identity, waitsForReady: Bool = false
  ) {
    self.timeout = timeout
    self.deadline = deadline
    self.metadata = metadata
    self.compression = compression
    self.waitsForReady = waitsForReady
  }
}
