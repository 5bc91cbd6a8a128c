/// Takes a fuzzer's bytes apart. What is asked for beyond their end is zero, or less.
struct FuzzInput {
  private var left: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    left = bytes[...]
  }

  var isEmpty: Bool { left.isEmpty }

  mutating func byte() -> UInt8 { left.popFirst() ?? 0 }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { left = left.dropFirst(count) }
    return Array(left.prefix(count))
  }

  mutating func rest() -> [UInt8] { bytes(left.count) }
}

extension Array {
  /// The element that a byte chooses.
  subscript(by byte: UInt8) -> Element { self[Int(byte) % count] }
}
