package import CMessages

/// The memory of one message's C structs while it is packed: a first block on the stack, then blocks that double.
package struct Arena: ~Copyable {
  /// The first block, in bytes; what Swift puts on the stack at most.
  static let stackBytes = 1024

  private var next: UnsafeMutableRawPointer
  private var end: UnsafeMutableRawPointer
  /// The newest block of the heap; its first word points to the one before.
  private var blocks: UnsafeMutableRawPointer?
  private var blockBytes = 4 * Arena.stackBytes
  private var depth = 0

  /// - Parameter memory: aligned to 16 bytes; outlives the arena.
  init(_ memory: UnsafeMutableRawBufferPointer) {
    let start = memory.baseAddress.unsafelyUnwrapped
    next = start
    end = start + memory.count
  }

  deinit {
    var block = blocks
    while let current = block {
      block = current.load(as: UnsafeMutableRawPointer?.self)
      current.deallocate()
    }
  }

  /// Memory for `size` bytes, aligned to 8, not zeroed.
  @inline(__always)
  mutating func take(_ size: Int) -> UnsafeMutableRawPointer {
    let rounded = (size + 7) & ~7
    if rounded > end - next { grow(rounded) }
    let start = next
    next += rounded
    return start
  }

  private mutating func grow(_ size: Int) {
    let bytes = max(size + 16, blockBytes)
    blockBytes *= 2
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    block.storeBytes(of: blocks, as: UnsafeMutableRawPointer?.self)
    blocks = block
    next = block + 16
    end = block + bytes
  }

  /// A zeroed struct that knows its type.
  private mutating func structure<CStruct>(
    _ type: UnsafePointer<ProtobufCMessageDescriptor>, _ cStruct: CStruct.Type
  ) -> UnsafeMutablePointer<CStruct> {
    let size = MemoryLayout<CStruct>.size
    let memory = take(size)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    memory.assumingMemoryBound(to: ProtobufCMessage.self).pointee.descriptor = type
    return memory.assumingMemoryBound(to: CStruct.self)
  }

  /// The struct of a message.
  ///
  /// - Throws: ``EncodingError`` `.tooDeep`.
  package mutating func message<Value: BridgedMessage>(
    _ value: Value
  ) throws -> UnsafeMutablePointer<Value.CStruct> {
    guard depth <= DecodingLimits.standard.depth else { throw EncodingError.tooDeep }
    depth += 1
    defer { depth -= 1 }
    let structure = structure(Value.cType, Value.CStruct.self)
    try value.write(to: structure, &self)
    return structure
  }

  package mutating func messages<Value: BridgedMessage>(
    _ values: [Value]
  ) throws -> UnsafeMutablePointer<UnsafeMutablePointer<Value.CStruct>?> {
    let array = array(of: UnsafeMutablePointer<Value.CStruct>?.self, count: values.count)
    for (index, value) in values.enumerated() { (array + index).initialize(to: try message(value)) }
    return array
  }

  /// A map's entries, ordered by key.
  package mutating func entries<Key: MapKey, Value, Entry>(
    _ map: [Key: Value], _ type: UnsafePointer<ProtobufCMessageDescriptor>, _ entry: Entry.Type,
    _ fill: (inout Arena, UnsafeMutablePointer<Entry>, Key, Value) throws -> Void
  ) throws -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?> {
    guard depth <= DecodingLimits.standard.depth else { throw EncodingError.tooDeep }
    depth += 1
    defer { depth -= 1 }
    let array = array(of: UnsafeMutablePointer<Entry>?.self, count: map.count)
    for (index, pair) in map.sorted(by: { Key.precedes($0.key, $1.key) }).enumerated() {
      let structure = structure(type, entry)
      try fill(&self, structure, pair.key, pair.value)
      (array + index).initialize(to: structure)
    }
    return array
  }

  private mutating func array<Element>(of type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
    take(count * MemoryLayout<Element>.stride).bindMemory(to: Element.self, capacity: count)
  }

  package mutating func text(_ value: String) -> ProtobufCBinaryData {
    var value = value
    return value.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
  }

  package mutating func bytes(_ value: [UInt8]) -> ProtobufCBinaryData {
    value.withUnsafeBytes { copy($0) }
  }

  private mutating func copy(_ bytes: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return ProtobufCBinaryData(len: 0, data: nil) }
    let memory = take(bytes.count)
    memory.copyMemory(from: source, byteCount: bytes.count)
    return ProtobufCBinaryData(len: bytes.count, data: memory.assumingMemoryBound(to: UInt8.self))
  }

  package mutating func texts(_ values: [String]) -> UnsafeMutablePointer<ProtobufCBinaryData> {
    let array = array(of: ProtobufCBinaryData.self, count: values.count)
    for (index, value) in values.enumerated() { (array + index).initialize(to: text(value)) }
    return array
  }

  package mutating func byteArrays(_ values: [[UInt8]]) -> UnsafeMutablePointer<ProtobufCBinaryData> {
    let array = array(of: ProtobufCBinaryData.self, count: values.count)
    for (index, value) in values.enumerated() { (array + index).initialize(to: bytes(value)) }
    return array
  }

  package mutating func numbers<Number>(_ values: [Number]) -> UnsafeMutablePointer<Number> {
    let array = array(of: Number.self, count: values.count)
    values.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { array.initialize(from: start, count: source.count) }
    }
    return array
  }

  package mutating func bools(_ values: [Bool]) -> UnsafeMutablePointer<protobuf_c_boolean> {
    numbers(values.map { $0 ? 1 : 0 })
  }

  package mutating func enums<Value: MessageEnum>(_ values: [Value]) -> UnsafeMutablePointer<Int32> {
    numbers(values.map(\.rawValue))
  }

  /// Adds unknown fields as they stand.
  ///
  /// protobuf-c writes an unknown field as its number, OR its wire type, then its data. Number 0 is one zero byte, so the
  /// first byte of ours goes in as the wire type, and all others as data: any bytes, groups included, in one entry.
  package mutating func attach(_ unknownFields: [UInt8], to base: inout ProtobufCMessage) {
    guard let first = unknownFields.first else { return }
    let data = bytes(unknownFields)
    let field = array(of: ProtobufCMessageUnknownField.self, count: 1)
    field.initialize(
      to: ProtobufCMessageUnknownField(
        tag: 0, wire_type: ProtobufCWireType(UInt32(first)), len: unknownFields.count - 1,
        data: data.data.map { $0 + 1 }))
    base.n_unknown_fields = 1
    base.unknown_fields = field
  }
}
