internal import Foundation
internal import Messages

/// A place in the order of interactions: by time, newest first; then by source; then by number, highest first.
///
/// No two interactions have the same place, so a page that ends at one begins behind it, without gap or repeat.
struct TimelinePlace: Sendable, Hashable, Comparable, Codable {
  /// Microseconds since the Unix epoch.
  let time: Int64
  let source: String
  let number: Int64

  static func < (left: TimelinePlace, right: TimelinePlace) -> Bool {
    if left.time != right.time { return left.time > right.time }
    if left.source != right.source { return left.source < right.source }
    return left.number > right.number
  }
}

/// An interaction and its place.
struct TimelineItem: Sendable {
  let place: TimelinePlace
  let interaction: InteractionsV1.Interaction
}

/// What a listing's page tokens carry.
struct TimelineCursor: Sendable, Hashable, Codable {
  /// Whose interactions they are.
  let profileTable: Int64
  let profile: UInt32
  /// Where the last page ended.
  let place: TimelinePlace
  /// For each source of the first page, what it held then. A source that came later is left out.
  let bounds: [String: [UInt8]]

  init(profileTable: Int64, profile: UInt32, place: TimelinePlace, bounds: [String: [UInt8]]) {
    self.profileTable = profileTable
    self.profile = profile
    self.place = place
    self.bounds = bounds
  }

  /// As a page token keeps it.
  var bytes: [UInt8] {
    get throws { Array(try JSONEncoder().encode(self)) }
  }

  /// Nil for bytes of another form.
  init?(_ bytes: [UInt8]) {
    guard let cursor = try? JSONDecoder().decode(TimelineCursor.self, from: Data(bytes)) else { return nil }
    self = cursor
  }
}
