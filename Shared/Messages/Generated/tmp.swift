/// x
public enum OptionsV1 {
  /// x
  public struct Module: Sendable, Hashable { /// x
    public var rawValue: Int32 = 0 }
  /// x
  public struct Right: Sendable, Hashable { /// x
    public var rawValue: Int32 = 0 }
}
