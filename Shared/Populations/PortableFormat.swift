/// Checks bytes against the portable format of Roaring bitmaps before the library reads them.
///
/// The library trusts what it reads (version 0.2.66 has no validator): values out of order or counts that disagree would
/// make it answer wrongly, or read and write beyond its memory. The format is in RoaringFormatSpec,
/// "extension for 64-bit implementations" left out: a header with a key and a count for each run of 65,536 numbers, then
/// one container each, an array, a bitmap or runs.
enum PortableFormat {
  /// Whether the bytes are exactly one sound bitmap.
  ///
  /// - Complexity: O(n), one pass.
  static func isSound(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var reader = Reader(bytes: bytes)
    guard let header = Header(&reader) else { return false }
    for container in header.containers {
      if let offset = container.offset, offset != reader.position { return false }
      guard isSound(container, &reader) else { return false }
    }
    return reader.isAtEnd
  }

  private static func isSound(_ container: Container, _ reader: inout Reader) -> Bool {
    if container.hasRuns { return hasSoundRuns(container.count, &reader) }
    // The format draws the line here: above it a bitmap is smaller.
    return container.count > 4_096 ? isSoundBitmap(container.count, &reader) : isSoundArray(container.count, &reader)
  }

  private static func isSoundArray(_ count: Int, _ reader: inout Reader) -> Bool {
    var last = -1
    for _ in 0..<count {
      guard let value = reader.take16(), Int(value) > last else { return false }
      last = Int(value)
    }
    return true
  }

  private static func isSoundBitmap(_ count: Int, _ reader: inout Reader) -> Bool {
    var bits = 0
    for _ in 0..<1_024 {
      guard let word = reader.take64() else { return false }
      bits += word.nonzeroBitCount
    }
    return bits == count
  }

  private static func hasSoundRuns(_ count: Int, _ reader: inout Reader) -> Bool {
    guard let runs = reader.take16(), runs > 0 else { return false }
    var covered = 0
    // Where the next run may begin: one that touches the last would have been part of it.
    var lowest = 0
    for _ in 0..<runs {
      guard let start = reader.take16(), let length = reader.take16() else { return false }
      let end = Int(start) + Int(length)
      guard Int(start) >= lowest, end <= 0xFFFF else { return false }
      covered += Int(length) + 1
      lowest = end + 2
    }
    return covered == count
  }

  /// What the header says of one container.
  private struct Container {
    let count: Int
    let hasRuns: Bool
    let offset: Int?
  }

  private struct Header {
    private static let withRuns: UInt32 = 12_347
    private static let withoutRuns: UInt32 = 12_346
    /// A header with runs leaves the offsets out below this many containers.
    private static let fewestWithOffsets = 4

    private(set) var containers: [Container] = []

    init?(_ reader: inout Reader) {
      guard let cookie = reader.take32() else { return nil }
      let size: Int
      var runs: [UInt8] = []
      if cookie & 0xFFFF == Self.withRuns {
        size = Int(cookie >> 16) + 1
        for _ in 0..<(size + 7) / 8 {
          guard let flags = reader.take8() else { return nil }
          runs.append(flags)
        }
        // Flags without a container are zero.
        if size % 8 != 0, let last = runs.last, last >> (size % 8) != 0 { return nil }
      } else {
        guard cookie == Self.withoutRuns, let count = reader.take32(), count <= 1 << 16 else { return nil }
        size = Int(count)
      }
      guard let counts = Self.counts(size, &reader) else { return nil }
      let hasOffsets = runs.isEmpty || size >= Self.fewestWithOffsets
      containers.reserveCapacity(size)
      for (index, count) in counts.enumerated() {
        let hasRuns = !runs.isEmpty && runs[index / 8] >> (index % 8) & 1 == 1
        var offset: Int?
        if hasOffsets {
          guard let word = reader.take32() else { return nil }
          offset = Int(word)
        }
        containers.append(Container(count: count, hasRuns: hasRuns, offset: offset))
      }
    }

    private static func counts(_ size: Int, _ reader: inout Reader) -> [Int]? {
      // Before memory is taken for what the bytes may only claim.
      guard reader.remaining >= size * 4 else { return nil }
      var counts: [Int] = []
      counts.reserveCapacity(size)
      var last = -1
      for _ in 0..<size {
        guard let key = reader.take16(), Int(key) > last, let count = reader.take16() else { return nil }
        last = Int(key)
        counts.append(Int(count) + 1)
      }
      return counts
    }
  }

  /// Takes little-endian numbers off the front of bytes.
  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(bytes: UnsafeRawBufferPointer) {
      self.bytes = bytes
    }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { remaining == 0 }

    mutating func take8() -> UInt8? { take(UInt8.self) }
    mutating func take16() -> UInt16? { take(UInt16.self) }
    mutating func take32() -> UInt32? { take(UInt32.self) }
    mutating func take64() -> UInt64? { take(UInt64.self) }

    private mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
      guard remaining >= MemoryLayout<Number>.size else { return nil }
      defer { position += MemoryLayout<Number>.size }
      return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
    }
  }
}
