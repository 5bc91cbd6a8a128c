extension Array {
  /// What is sent replaces what has the same id, or is added behind it; what is not sent stays.
  package func replacing(_ sent: [Element], by id: (Element) -> String) -> [Element] {
    var merged = self
    for element in sent {
      if let place = merged.firstIndex(where: { id($0) == id(element) }) {
        merged[place] = element
      } else {
        merged.append(element)
      }
    }
    return merged
  }
}
