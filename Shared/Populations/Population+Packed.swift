extension Population {
  /// Reads numbers of four bytes each, the most significant first, in any order: `string_agg` of PostgreSQL over
  /// `substring(int8send(id) FROM 5)`.
  ///
  /// What is left of a number that was cut off is not read.
  package init(packed bytes: [UInt8]) {
    let ids = bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { place in
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self))
      }
    }
    self.init(ids)
  }
}
