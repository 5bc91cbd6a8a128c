/// What one message may cost its reader, checked by a scan of the bytes before any memory is taken.
public struct DecodingLimits: Sendable, Hashable {
  /// How deep messages may nest below the outermost one.
  public var depth: Int

  /// How many elements, submessages and unknown fields there may be in all.
  public var elements: Int

  /// How many bytes the C structs may take in all.
  public var arenaBytes: Int

  /// Limits of the caller's choice.
  public init(depth: Int = 100, elements: Int = 1_000_000, arenaBytes: Int = 64 << 20) {
    self.depth = depth
    self.elements = elements
    self.arenaBytes = arenaBytes
  }

  /// 100 levels, 1,000,000 elements, 64 MiB.
  public static let standard = DecodingLimits()
}
