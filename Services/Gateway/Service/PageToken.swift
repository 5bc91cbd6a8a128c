/// Where a page of a list ends. Opaque to callers: they send back what they got.
enum PageToken {
  /// - Parameters:
  ///   - list: tells the tokens of one list from those of another.
  ///   - last: the sort key of the page's last line.
  static func make(list: String, last: String) -> String {
    Base64URL.encode(Array("\(list) \(last)".utf8))
  }

  /// The sort key that a token holds; nil when it is not one of this list.
  static func read(_ token: String, list: String) -> String? {
    guard let bytes = Base64URL.decode(token.utf8), let text = String(validating: bytes, as: UTF8.self),
      text.hasPrefix("\(list) ")
    else {
      return nil
    }
    return String(text.dropFirst(list.count + 1))
  }
}

extension FieldChecks {
  /// Where a list goes on; nil at its beginning.
  mutating func pageToken(_ token: String, at field: String, list: String) -> String? {
    guard !token.isEmpty else { return nil }
    guard let last = PageToken.read(token, list: list) else {
      refuse(field, "Send the next_page_token of the page before, or nothing for the first page.")
      return nil
    }
    return last
  }
}
