/// What a map's key can be.
package protocol MapKey: Hashable {
  /// The order of entries in a deterministic encoding.
  static func precedes(_ left: Self, _ right: Self) -> Bool
}

extension MapKey where Self: Comparable {
  package static func precedes(_ left: Self, _ right: Self) -> Bool { left < right }
}

extension Int32: MapKey {}
extension Int64: MapKey {}
extension UInt32: MapKey {}
extension UInt64: MapKey {}

extension Bool: MapKey {
  package static func precedes(_ left: Bool, _ right: Bool) -> Bool { !left && right }
}

extension String: MapKey {
  /// By bytes, not by Swift's order, for which canonically equivalent texts are equal.
  package static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}
