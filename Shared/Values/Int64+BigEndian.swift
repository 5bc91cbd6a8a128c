extension Int64 {
  /// Eight bytes, the highest first.
  package var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

  /// Reads what ``bigEndianBytes`` gave; nil for any other number of bytes.
  package init?(bigEndianBytes bytes: some Collection<UInt8>) {
    guard bytes.count == 8 else { return nil }
    self = Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
  }
}
