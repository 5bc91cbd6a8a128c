/// Header fields, packed: all names and values in one array, so that a block costs two allocations whatever it holds,
/// and none when its storage is used again.
struct HeaderBlock: Sendable {
  /// Where one field lies in `bytes`: name, then value.
  struct Field: Sendable {
    var start: UInt32
    var nameEnd: UInt32
    var valueEnd: UInt32

    var name: Range<Int> { Int(start)..<Int(nameEnd) }
    var value: Range<Int> { Int(nameEnd)..<Int(valueEnd) }
  }

  private(set) var bytes: [UInt8] = []
  private(set) var fields: [Field] = []

  /// Removes all fields and keeps the storage.
  mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
  }

  /// Makes room for so many more.
  mutating func reserve(bytes count: Int, fields fieldCount: Int) {
    bytes.reserveCapacity(bytes.count + count)
    fields.reserveCapacity(fields.count + fieldCount)
  }

  /// Removes the first fields.
  mutating func removeFirst(_ count: Int) {
    guard count < fields.count else { return reset() }
    var rest = HeaderBlock()
    for field in fields.dropFirst(count) { rest.append(field, of: self) }
    self = rest
  }

  mutating func append(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
    let start = UInt32(bytes.count)
    bytes.append(contentsOf: name)
    let nameEnd = UInt32(bytes.count)
    bytes.append(contentsOf: value)
    fields.append(Field(start: start, nameEnd: nameEnd, valueEnd: UInt32(bytes.count)))
  }

  mutating func append(_ name: StaticString, _ value: StaticString) {
    append(name.utf8, value.utf8)
  }

  mutating func append(_ name: StaticString, _ value: some Collection<UInt8>) {
    append(name.utf8, value)
  }

  /// Adds a field whose value `write` adds to the bytes that it is given.
  mutating func append(_ name: StaticString, _ write: (inout [UInt8]) -> Void) {
    let start = UInt32(bytes.count)
    bytes.append(contentsOf: name.utf8)
    let nameEnd = UInt32(bytes.count)
    write(&bytes)
    fields.append(Field(start: start, nameEnd: nameEnd, valueEnd: UInt32(bytes.count)))
  }

  mutating func append(_ field: Field, of other: HeaderBlock) {
    append(other.bytes[field.name], other.bytes[field.value])
  }

  mutating func append(contentsOf other: HeaderBlock) {
    let offset = UInt32(bytes.count)
    bytes.append(contentsOf: other.bytes)
    for field in other.fields {
      fields.append(
        Field(start: field.start + offset, nameEnd: field.nameEnd + offset, valueEnd: field.valueEnd + offset))
    }
  }

  func name(_ field: Field) -> String { String(decoding: bytes[field.name], as: UTF8.self) }

  func value(_ field: Field) -> String { String(decoding: bytes[field.value], as: UTF8.self) }

  /// Whether a field has this name, which is lower-case ASCII.
  func has(_ field: Field, named name: StaticString) -> Bool {
    matches(field.name, name.utf8)
  }

  /// Whether a field has this value exactly.
  func hasValue(_ field: Field, _ value: StaticString) -> Bool {
    matches(field.value, value.utf8)
  }

  private func matches(_ range: Range<Int>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard range.count == text.count else { return false }
    return bytes.withUnsafeBufferPointer { bytes in
      for index in 0..<text.count where bytes[range.lowerBound + index] != text[index] { return false }
      return true
    }
  }
}

extension HeaderBlock: Hashable {
  /// Equal when names and values are the same, in the same order.
  static func == (left: HeaderBlock, right: HeaderBlock) -> Bool {
    left.fields.count == right.fields.count
      && zip(left.fields, right.fields).allSatisfy { a, b in
        left.bytes[a.name] == right.bytes[b.name] && left.bytes[a.value] == right.bytes[b.value]
      }
  }

  func hash(into hasher: inout Hasher) {
    for field in fields {
      hasher.combine(bytes[field.name])
      hasher.combine(bytes[field.value])
    }
  }
}

extension StaticString {
  var utf8: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
