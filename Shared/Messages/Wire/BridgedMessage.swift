package import CMessages

/// A message that crosses the wire as protoc-gen-c's struct; all generated messages are.
package protocol BridgedMessage: Message {
  /// protoc-gen-c's struct.
  associatedtype CStruct

  /// protobuf-c's description of it.
  static var cType: UnsafePointer<ProtobufCMessageDescriptor> { get }

  /// Copies the values out of an unpacked struct.
  ///
  /// - Throws: ``DecodingError`` `.invalidUTF8`.
  init(reading c: UnsafePointer<CStruct>) throws

  /// Fills a zeroed struct; what it points to stands in the arena.
  ///
  /// - Throws: ``EncodingError`` `.tooDeep`.
  func write(to c: UnsafeMutablePointer<CStruct>, _ arena: inout Arena) throws
}

extension BridgedMessage {
  /// Scans, unpacks, and copies the values out.
  package static func decoded(from bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws -> Self {
    let scan = try WireScan(bytes, of: cType, limits: limits)
    if scan.needsRewrite { return try decodedAfterRewrite(from: bytes, limits: limits) }
    return try unpacked(from: bytes, arenaBytes: scan.arenaBytes)
  }

  private static func decodedAfterRewrite(from bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws -> Self {
    let rewritten = try WireRewrite.rewritten(bytes, of: cType, descriptor)
    return try rewritten.withUnsafeBytes { bytes in
      let scan = try WireScan(bytes, of: cType, limits: limits, isRewritten: true)
      return try unpacked(from: bytes, arenaBytes: scan.arenaBytes)
    }
  }

  private static func unpacked(from bytes: UnsafeRawBufferPointer, arenaBytes: Int) throws -> Self {
    if arenaBytes <= Arena.stackBytes {
      return try withUnsafeTemporaryAllocation(byteCount: Arena.stackBytes, alignment: 16) { memory in
        try unpacked(from: bytes, into: memory)
      }
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: arenaBytes, alignment: 16)
    defer { memory.deallocate() }
    return try unpacked(from: bytes, into: memory)
  }

  private static func unpacked(
    from bytes: UnsafeRawBufferPointer, into memory: UnsafeMutableRawBufferPointer
  ) throws -> Self {
    var block = UnpackingBlock(memory)
    let message = withUnsafeMutablePointer(to: &block) { block in
      var allocator = ProtobufCAllocator(
        alloc: { block, size in block?.assumingMemoryBound(to: UnpackingBlock.self).pointee.take(size) },
        free: { _, _ in }, allocator_data: block)
      return protobuf_c_message_unpack(
        cType, &allocator, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    guard let message else { throw DecodingError(.tooMuchMemory, message: cType.name) }
    return try Self(reading: UnsafeRawPointer(message).assumingMemoryBound(to: CStruct.self))
  }

  /// Packs the message into memory that the caller provides.
  package func encodeBridged(into allocate: (_ size: Int) throws -> UnsafeMutableRawBufferPointer) throws {
    try withPacking { size, pack in
      let output = try allocate(size)
      precondition(output.count >= size, "\(Self.self) needs \(size) bytes and got \(output.count).")
      pack(output.baseAddress)
    }
  }

  /// Packs the message into an array.
  package func encodeBridged() throws -> [UInt8] {
    try withPacking { size, pack in
      [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        pack(UnsafeMutableRawPointer(buffer.baseAddress))
        count = size
      }
    }
  }

  /// Builds the C structs, and calls `body` with the exact size and with what packs them.
  private func withPacking<Result>(
    _ body: (_ size: Int, _ pack: (UnsafeMutableRawPointer?) -> Void) throws -> Result
  ) throws -> Result {
    try withUnsafeTemporaryAllocation(byteCount: Arena.stackBytes, alignment: 16) { memory in
      var arena = Arena(memory)
      let message = UnsafeMutableRawPointer(try arena.message(self)).assumingMemoryBound(to: ProtobufCMessage.self)
      let size = protobuf_c_message_get_packed_size(message)
      guard size <= Int(Int32.max) else { throw EncodingError.tooLarge }
      let result = try body(size) { output in
        if size > 0 { protobuf_c_message_pack(message, output?.assumingMemoryBound(to: UInt8.self)) }
      }
      extendLifetime(arena)
      return result
    }
  }
}

/// The one block that protobuf-c unpacks a message into; ``WireScan`` says how large it must be.
private struct UnpackingBlock {
  private var next: UnsafeMutableRawPointer?
  private var left: Int

  init(_ memory: UnsafeMutableRawBufferPointer) {
    next = memory.baseAddress
    left = memory.count
  }

  mutating func take(_ size: Int) -> UnsafeMutableRawPointer? {
    let rounded = (size + 7) & ~7
    guard rounded <= left, let start = next else { return nil }
    left -= rounded
    next = start + rounded
    return start
  }
}
