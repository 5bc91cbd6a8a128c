/// A tag of HTML at the beginning of some bytes: `<a href="…">`.
struct HTMLTag {
  /// A tag is looked at no further than this, so that no template makes it slow.
  static let longest = 16_384

  /// In small letters; empty for what is no tag.
  let name: String
  let isClosing: Bool
  /// How many bytes it has, from `<` to `>`; at least 1.
  let length: Int
  private let bytes: ArraySlice<UInt8>
  private let attributes: [Attribute]

  private struct Attribute {
    let name: Range<Int>
    let value: Range<Int>
  }

  init(_ bytes: ArraySlice<UInt8>) {
    let (first, end) = (bytes.startIndex, bytes.endIndex)
    self.bytes = bytes
    var place = first + 1
    isClosing = place < end && bytes[place] == UInt8(ascii: "/")
    if isClosing { place += 1 }
    let start = place
    while place < end, Self.isName(bytes[place]) { place += 1 }
    name = Self.smallLetters(bytes[start..<place])
    if name.isEmpty, place < end, bytes[place] != UInt8(ascii: "!") {
      // A lone sign, such as in "1 < 2".
      attributes = []
      length = 1
      return
    }
    var attributes: [Attribute] = []
    while place < end, bytes[place] != UInt8(ascii: ">") {
      let attribute = Self.word(bytes, &place)
      guard !attribute.isEmpty else {
        place += 1
        continue
      }
      Self.skipSpace(bytes, &place)
      guard place < end, bytes[place] == UInt8(ascii: "=") else { continue }
      place += 1
      Self.skipSpace(bytes, &place)
      attributes.append(Attribute(name: attribute, value: Self.value(bytes, &place)))
    }
    self.attributes = attributes
    length = min(place + 1, end) - first
  }

  /// Where the value of an attribute stands, counted from the `<`; as browsers do, the first of a name counts.
  ///
  /// - Parameter name: of small letters alone.
  func place(of name: String) -> Range<Int>? {
    find(name).map { ($0.lowerBound - bytes.startIndex)..<($0.upperBound - bytes.startIndex) }
  }

  /// The value of an attribute, as it is written.
  ///
  /// - Parameter name: of small letters alone.
  func value(of name: String) -> String? {
    find(name).map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  private func find(_ name: String) -> Range<Int>? {
    attributes.first { bytes[$0.name].elementsEqual(name.utf8) { $0 | 0x20 == $1 } }?.value
  }

  /// A name, whose every sign is a letter or a digit.
  private static func smallLetters(_ name: ArraySlice<UInt8>) -> String {
    String(unsafeUninitializedCapacity: name.count) { letters in
      for (place, byte) in name.enumerated() { letters[place] = byte | 0x20 }
      return name.count
    }
  }

  private static func isName(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func skipSpace(_ bytes: ArraySlice<UInt8>, _ place: inout Int) {
    while place < bytes.endIndex, HTMLText.isSpace(bytes[place]) { place += 1 }
  }

  private static func word(_ bytes: ArraySlice<UInt8>, _ place: inout Int) -> Range<Int> {
    skipSpace(bytes, &place)
    let start = place
    while place < bytes.endIndex, !HTMLText.isSpace(bytes[place]), !endsWord(bytes[place]) { place += 1 }
    return start..<place
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "=")
  }

  private static func value(_ bytes: ArraySlice<UInt8>, _ place: inout Int) -> Range<Int> {
    let end = bytes.endIndex
    guard place < end, bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'") else {
      let start = place
      while place < end, !HTMLText.isSpace(bytes[place]), bytes[place] != UInt8(ascii: ">") { place += 1 }
      return start..<place
    }
    let quote = bytes[place]
    place += 1
    let start = place
    while place < end, bytes[place] != quote { place += 1 }
    defer { place += 1 }
    return start..<min(place, end)
  }
}
