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
      let source = bytes[place..<(place + tag.length)]
      result += link(of: tag, in: source, track) ?? Array(source)
      place += tag.length
    }
    if let pixel {
      let picture = "<img src=\"\(Markup.escape(pixel))\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\">"
      result.insert(contentsOf: picture.utf8, at: pixelPlace ?? result.count)
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func link(
    of tag: HTMLTag, in source: ArraySlice<UInt8>, _ track: (String) -> String?
  ) -> [UInt8]? {
    guard tag.name == "a" || tag.name == "area", !tag.isClosing, let place = tag.places["href"] else { return nil }
    let target = HTMLText.decode(tag.attributes["href"] ?? "")
    guard target.hasPrefix("http://") || target.hasPrefix("https://"), let tracked = track(target) else { return nil }
    let start = source.startIndex
    return Array(source[..<(start + place.lowerBound)]) + Array(Markup.escape(tracked).utf8)
      + Array(source[(start + place.upperBound)...])
  }
}
