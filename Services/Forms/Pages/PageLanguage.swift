internal import Messages

/// Which of a form's languages a reader gets.
enum PageLanguage {
  /// - Parameters:
  ///   - asked: what the reader chose on the page.
  ///   - profile: the mother language of a profile that is known.
  ///   - accepted: the browser's `Accept-Language`.
  static func pick(for form: FormsV1.Form, asked: String?, profile: String?, accepted: String?) -> String {
    let offered = form.languages
    let wished = [asked, profile].compactMap(\.self) + ranges(of: accepted ?? "")
    return wished.first(where: offered.contains) ?? form.defaultLanguage
  }

  /// The languages of RFC 9110 §12.5.4, the most wanted first.
  private static func ranges(of header: String) -> [String] {
    let ranges = header.utf8.count <= 1_000 ? header.split(separator: ",") : []
    let weighed = ranges.enumerated().compactMap { place, range -> (language: String, weight: Double, place: Int)? in
      let parts = range.split(separator: ";").map { String($0).trimmingSpaces.lowercased() }
      guard let tag = parts.first, let language = tag.split(separator: "-").first else { return nil }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      return weight > 0 ? (String(language), weight, place) : nil
    }
    return weighed.sorted { ($1.weight, $0.place) < ($0.weight, $1.place) }.map(\.language)
  }
}
