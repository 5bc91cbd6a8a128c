/// A path of a FieldMask: lower_snake_case on the wire, lowerCamelCase in JSON.
enum FieldMaskText {
  /// - Returns: nil if the path would not come back the same.
  static func camel(_ snake: String) -> String? {
    // In JSON, all paths are one text, with commas between them.
    guard !snake.isEmpty, !snake.contains(",") else { return nil }
    var result = ""
    var afterUnderscore = false
    for character in snake.unicodeScalars {
      if character == "_" {
        guard !afterUnderscore else { return nil }
        afterUnderscore = true
        continue
      }
      guard !("A"..."Z").contains(character) else { return nil }
      if afterUnderscore {
        guard ("a"..."z").contains(character) else { return nil }
        result += String(character).uppercased()
      } else {
        result.unicodeScalars.append(character)
      }
      afterUnderscore = false
    }
    return afterUnderscore ? nil : result
  }

  /// - Returns: nil if the path has an underscore, which no JSON path has.
  static func snake(_ camel: String) -> String? {
    guard !camel.contains("_") else { return nil }
    var result = ""
    for character in camel.unicodeScalars {
      if ("A"..."Z").contains(character) {
        result += "_" + String(character).lowercased()
      } else {
        result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
