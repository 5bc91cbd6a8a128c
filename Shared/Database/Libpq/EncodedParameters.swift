/// The parameters of one run of a statement, in the form in which libpq sends them.
struct EncodedParameters: Sendable {
  /// Each parameter's bytes and a zero, which ends those that libpq reads as text.
  private var bytes: [UInt8] = []
  /// Where each parameter stands in `bytes`; nil for null.
  private var ranges: [Range<Int>?] = []
  /// Per parameter 1 for the binary form and 0 for text.
  private let formats: [Int32]

  static let none = EncodedParameters(formats: [])

  init(formats: [Int32]) {
    self.formats = formats
    ranges.reserveCapacity(formats.count)
  }

  /// A single text, such as the name of a role.
  init(text: String) {
    self.init(formats: [0])
    append { $0.append(contentsOf: text.utf8) }
  }

  /// The size of all of them together.
  var byteCount: Int { bytes.count }

  mutating func appendNull() { ranges.append(nil) }

  mutating func append<Failure: Error>(
    _ encode: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    let start = bytes.count
    try encode(&bytes)
    ranges.append(start..<bytes.count)
    bytes.append(0)
  }

  typealias Pointers = (
    _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
    _ formats: UnsafePointer<Int32>?
  ) -> Bool

  func withPointers(_ body: Pointers) -> Bool {
    let count = ranges.count
    return bytes.withUnsafeBytes { source in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { lengths in
          for (index, range) in ranges.enumerated() {
            let value = range.flatMap { source.baseAddress?.advanced(by: $0.lowerBound) }
            values.initializeElement(at: index, to: value?.assumingMemoryBound(to: CChar.self))
            lengths.initializeElement(at: index, to: Int32(range?.count ?? 0))
          }
          return body(Int32(count), values.baseAddress.map { UnsafePointer($0) }, lengths.baseAddress, formats)
        }
      }
    }
  }
}
