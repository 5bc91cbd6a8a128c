internal import CRoaring

/// Owns one Roaring bitmap of the library; its pointer never leaves this file.
///
/// The compiler cannot see that it may be shared between tasks: the pointer is set once, nothing here changes the bitmap
/// after `init`, and the library's reading functions (all take `const`) write nowhere but into iterators of their own.
final class Bitmap: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<roaring_bitmap_t>

  /// - Parameter pointer: owned from here on. Null means that memory has run out, which Swift does not survive either.
  private init(owning pointer: UnsafeMutablePointer<roaring_bitmap_t>?) {
    guard let pointer else { fatalError("out of memory for a bitmap") }
    self.pointer = pointer
  }

  deinit {
    roaring_bitmap_free(pointer)
  }

  // MARK: - Making

  convenience init() {
    self.init(owning: roaring_bitmap_create())
  }

  /// Any order, repeats included; ascending ids are fastest.
  convenience init(_ ids: UnsafeBufferPointer<UInt32>) {
    self.init(owning: roaring_bitmap_of_ptr(ids.count, ids.baseAddress))
    roaring_bitmap_run_optimize(pointer)
  }

  convenience init(_ range: ClosedRange<UInt32>) {
    self.init(owning: roaring_bitmap_from_range(UInt64(range.lowerBound), UInt64(range.upperBound) + 1, 1))
  }

  /// - Parameter portable: bytes that ``PortableFormat`` has found to be sound.
  convenience init?(portable bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
      let pointer = roaring_bitmap_portable_deserialize_safe(base, bytes.count)
    else { return nil }
    self.init(owning: pointer)
  }

  convenience init(unionOf bitmaps: [Bitmap]) {
    self.init(
      owning: withExtendedLifetime(bitmaps) {
        var pointers = bitmaps.map { UnsafePointer<roaring_bitmap_t>($0.pointer) as UnsafePointer<roaring_bitmap_t>? }
        return roaring_bitmap_or_many(pointers.count, &pointers)
      })
  }

  func union(_ other: Bitmap) -> Bitmap { Bitmap(owning: roaring_bitmap_or(pointer, other.pointer)) }
  func intersection(_ other: Bitmap) -> Bitmap { Bitmap(owning: roaring_bitmap_and(pointer, other.pointer)) }
  func subtracting(_ other: Bitmap) -> Bitmap { Bitmap(owning: roaring_bitmap_andnot(pointer, other.pointer)) }

  // MARK: - Reading

  var count: Int { Int(roaring_bitmap_get_cardinality(pointer)) }
  var isEmpty: Bool { roaring_bitmap_is_empty(pointer) }
  var minimum: UInt32 { roaring_bitmap_minimum(pointer) }
  var maximum: UInt32 { roaring_bitmap_maximum(pointer) }

  func contains(_ id: UInt32) -> Bool { roaring_bitmap_contains(pointer, id) }
  func intersects(_ other: Bitmap) -> Bool { roaring_bitmap_intersect(pointer, other.pointer) }
  func isSubset(of other: Bitmap) -> Bool { roaring_bitmap_is_subset(pointer, other.pointer) }
  func equals(_ other: Bitmap) -> Bool { roaring_bitmap_equals(pointer, other.pointer) }
  func intersectionCount(_ other: Bitmap) -> Int { Int(roaring_bitmap_and_cardinality(pointer, other.pointer)) }

  /// Up to `limit` ids from `first` on, ascending.
  func ids(from first: UInt32, limit: Int) -> [UInt32] {
    guard limit > 0, let iterator = roaring_create_iterator(pointer) else { return [] }
    defer { roaring_free_uint32_iterator(iterator) }
    guard roaring_move_uint32_iterator_equalorlarger(iterator, first) else { return [] }
    return [UInt32](unsafeUninitializedCapacity: min(limit, count)) { buffer, filled in
      filled = Int(roaring_read_uint32_iterator(iterator, buffer.baseAddress, UInt32(clamping: buffer.count)))
    }
  }

  func portable() -> [UInt8] {
    let size = roaring_bitmap_portable_size_in_bytes(pointer)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      filled = buffer.withMemoryRebound(to: CChar.self) { roaring_bitmap_portable_serialize(pointer, $0.baseAddress) }
    }
  }
}
