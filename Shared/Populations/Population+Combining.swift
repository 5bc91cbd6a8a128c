extension Population {
  /// Those in either.
  package func union(_ other: Population) -> Population { Population(bitmap.union(other.bitmap)) }

  /// Those in both.
  package func intersection(_ other: Population) -> Population { Population(bitmap.intersection(other.bitmap)) }

  /// Those that are not in the other.
  package func subtracting(_ other: Population) -> Population { Population(bitmap.subtracting(other.bitmap)) }

  /// Those in any of many; nobody when there is none to take from.
  package static func union(of populations: some Sequence<Population>) -> Population {
    Population(Bitmap(unionOf: populations.map(\.bitmap)))
  }

  /// Those in every one of many, the smallest first, which bounds the work; nil when there is none to take from.
  package static func intersection(of populations: some Sequence<Population>) -> Population? {
    let bySize = populations.map { ($0, $0.count) }.sorted { $0.1 < $1.1 }.map(\.0)
    guard let smallest = bySize.first else { return nil }
    return bySize.dropFirst().reduce(smallest) { $0.intersection($1) }
  }

  /// Whether every profile of this is in the other.
  package func isSubset(of other: Population) -> Bool { bitmap.isSubset(of: other.bitmap) }

  /// Whether some profile is in both.
  package func intersects(_ other: Population) -> Bool { bitmap.intersects(other.bitmap) }

  /// How many are in both, without making the population of them.
  package func intersectionCount(_ other: Population) -> Int { bitmap.intersectionCount(other.bitmap) }
}
