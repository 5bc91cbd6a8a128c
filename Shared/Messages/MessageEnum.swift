/// A protobuf enum: an open set of numbers, some of which have names.
///
/// A number that this build has no name for is kept and sent on.
public protocol MessageEnum: RawRepresentable<Int32>, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// The value with number 0, which stands for "not set".
  init()

  /// The value with this number, named or not.
  init(rawValue: Int32)
}
