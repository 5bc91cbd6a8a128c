internal import Templates

/// Puts tracking into rendered HTML: links lead through us, and a picture of one point tells of the opening.
enum TrackedHTML {
  /// Replaces where links lead.
  ///
  /// - Parameters:
  ///   - pixel: the address of the picture; nil: none is added.
  ///   - track: gives the address that stands for another; nil leaves a link as it is.
  static func of(_ html: String, pixel: String?, track: (String) -> String?) -> String {
    let bytes = Array(html.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * 3 / 2)
    var place = 0
    var pixelPlace: Int?
    while place < bytes.count {
      guard bytes[place] == UInt8(ascii: "<") else {
        let end = bytes[place...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        result += bytes[place..<end]
        place = end
        continue
      }
      let tag = HTMLTag(bytes[place...].prefix(HTMLTag.longest))
      if tag.name == "body", tag.isClosing { pixelPlace = result.count }
      let end = place + tag.length
      if let link = link(of: tag, track) {
        result += bytes[place..<(place + link.place.lowerBound)]
        result += Markup.escape(link.target).utf8
        place += link.place.upperBound
      }
      result += bytes[place..<end]
      place = end
    }
    if let pixel {
      let picture = "<img src=\"\(Markup.escape(pixel))\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\">"
      result.insert(contentsOf: picture.utf8, at: pixelPlace ?? result.count)
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Where a link shall lead, and where that is to be written, counted from the tag's beginning.
  private static func link(
    of tag: HTMLTag, _ track: (String) -> String?
  ) -> (target: String, place: Range<Int>)? {
    guard tag.name == "a" || tag.name == "area", !tag.isClosing, let place = tag.place(of: "href") else { return nil }
    let target = HTMLText.decode(tag.value(of: "href") ?? "")
    guard target.hasPrefix("http://") || target.hasPrefix("https://") else { return nil }
    return track(target).map { ($0, place) }
  }
}
