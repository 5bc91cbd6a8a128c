extension Population {
  /// The largest set of all numbers, as a bitmap with its header, is just above 512 MiB.
  private static let mostBytes = 600 << 20

  /// The bytes of the portable format, the same on every machine and in every implementation of Roaring bitmaps.
  package var portable: [UInt8] { bitmap.portable() }

  /// Reads bytes of the portable format.
  ///
  /// - Parameter checksum: CRC-32C of the bytes.
  /// - Throws: ``PopulationError``.
  /// - Complexity: O(n), three passes.
  package init(portable bytes: [UInt8], checksum: UInt32) throws(PopulationError) {
    let bitmap: Result<Bitmap, PopulationError> = bytes.withUnsafeBytes { bytes in
      guard CRC32C.checksum(bytes) == checksum else { return .failure(.wrongChecksum) }
      guard bytes.count <= Self.mostBytes, PortableFormat.isSound(bytes), let bitmap = Bitmap(portable: bytes) else {
        return .failure(.malformed)
      }
      return .success(bitmap)
    }
    self.init(try bitmap.get())
  }

  /// CRC-32C of bytes, to go with them.
  static func checksum(of bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes(CRC32C.checksum)
  }
}
