/// A set of profiles of one table, by their numbers.
///
/// A value that is cheap to copy and safe to share: it is never changed once made. Kept compressed (Roaring bitmaps,
/// arXiv:1709.07821): ten million profiles take at most some 1.3 MB, and a combination of them about a millisecond.
package struct Population: Sendable {
  let bitmap: Bitmap

  init(_ bitmap: Bitmap) {
    self.bitmap = bitmap
  }

  /// Nobody.
  package static let empty = Population(Bitmap())

  /// The profiles of these numbers, in any order and with repeats.
  ///
  /// - Complexity: O(n) when ascending, O(n log n) otherwise.
  package init(_ ids: some Sequence<UInt32>) {
    if let bitmap = ids.withContiguousStorageIfAvailable(Bitmap.init) {
      self.init(bitmap)
    } else {
      self.init(Array(ids).withUnsafeBufferPointer(Bitmap.init))
    }
  }

  /// Every number from the first to the last.
  package init(_ range: ClosedRange<UInt32>) {
    self.init(Bitmap(range))
  }

  /// How many profiles there are.
  package var count: Int { bitmap.count }

  /// Whether there is none.
  package var isEmpty: Bool { bitmap.isEmpty }

  /// The lowest number; nil when it is empty.
  package var first: UInt32? { isEmpty ? nil : bitmap.minimum }

  /// The highest number; nil when it is empty.
  package var last: UInt32? { isEmpty ? nil : bitmap.maximum }

  /// Whether a profile is in it.
  package func contains(_ id: UInt32) -> Bool { bitmap.contains(id) }

  /// The next profiles by number.
  ///
  /// - Parameters:
  ///   - cursor: only those behind this number; nil: from the first.
  ///   - limit: the most that are returned.
  package func ids(after cursor: UInt32? = nil, limit: Int) -> [UInt32] {
    guard let cursor else { return bitmap.ids(from: 0, limit: limit) }
    return cursor == .max ? [] : bitmap.ids(from: cursor + 1, limit: limit)
  }
}

extension Population: Equatable {
  /// Whether both have the same profiles, however they are kept.
  package static func == (left: Population, right: Population) -> Bool { left.bitmap.equals(right.bitmap) }
}

extension Population: CustomStringConvertible {
  /// How many there are: a population is too large to print.
  package var description: String { "\(count) profiles" }
}

extension Population: ExpressibleByArrayLiteral {
  /// The profiles of these numbers.
  package init(arrayLiteral ids: UInt32...) { self.init(ids) }
}

extension Population: Sequence {
  /// Gives the numbers, ascending, fetched some at a time.
  package struct Iterator: IteratorProtocol {
    private static let batch = 1_024
    private let population: Population
    private var ids: [UInt32] = []
    private var place = 0
    private var isLast = false

    fileprivate init(_ population: Population) {
      self.population = population
    }

    /// The next number.
    package mutating func next() -> UInt32? {
      if place == ids.count {
        if isLast { return nil }
        ids = population.ids(after: ids.last, limit: Self.batch)
        isLast = ids.count < Self.batch
        place = 0
        if ids.isEmpty { return nil }
      }
      defer { place += 1 }
      return ids[place]
    }
  }

  /// From the lowest number on.
  package func makeIterator() -> Iterator { Iterator(self) }

  /// The number of profiles.
  package var underestimatedCount: Int { count }
}
