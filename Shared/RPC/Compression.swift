/// How messages are compressed on the wire (grpc/doc/compression.md).
public enum Compression: String, Sendable, Hashable {
  /// Not at all.
  case identity
  /// With gzip, each message for itself; small messages go as they are.
  case gzip
}
