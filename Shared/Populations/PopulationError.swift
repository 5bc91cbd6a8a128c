/// Why bytes are not a population. They came from another service, so this is damage on the way or a fault there.
package enum PopulationError: Error, Sendable, Hashable {
  /// The checksum is of other bytes.
  case wrongChecksum
  /// The bytes are no Roaring bitmap in the portable format, or not in the one form that the format gives each set.
  case malformed
}
