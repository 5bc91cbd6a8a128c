/// Numbers of JSON, which may stand as numbers or as strings.
enum JSONNumber {
  /// A whole number; `1e3` and `5.0` are whole too.
  static func integer(_ value: JSONValue, at path: JSONPath) throws(JSONError) -> Int128 {
    guard let text = text(value), isNumber(text), let number = whole(text) else {
      throw JSONError(path, "A whole number of at most 64 bits is expected.")
    }
    return number
  }

  static func double(_ value: JSONValue, at path: JSONPath) throws(JSONError) -> Double {
    if case .string(let name) = value, let special = special(name) { return special }
    guard let text = text(value), isNumber(text), let number = Double(text) else {
      throw JSONError(path, "A number is expected.")
    }
    guard number.isFinite else { throw JSONError(path, "The number is beyond the range of its type.") }
    return number
  }

  static func float(_ value: JSONValue, at path: JSONPath) throws(JSONError) -> Float {
    if case .string(let name) = value, let special = special(name) { return Float(special) }
    guard let text = text(value), isNumber(text), let number = Float(text) else {
      throw JSONError(path, "A number is expected.")
    }
    guard number.isFinite else { throw JSONError(path, "The number is beyond the range of its type.") }
    return number
  }

  private static func special(_ name: String) -> Double? {
    switch name {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: nil
    }
  }

  private static func text(_ value: JSONValue) -> String? {
    switch value {
    case .number(let text), .string(let text): text
    default: nil
    }
  }

  /// Whether a string is a JSON number: Swift's own parsers also take `0x10`, `inf` and `+1`.
  private static func isNumber(_ text: String) -> Bool {
    text.wholeMatch(of: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/) != nil
  }

  /// - Returns: nil if there is something behind the point, or more than 19 digits before it.
  private static func whole(_ text: String) -> Int128? {
    let isNegative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" }.split(maxSplits: 1) { $0 == "e" || $0 == "E" }
    let mantissa = parts[0].split(separator: ".", maxSplits: 1)
    let exponent = parts.count > 1 ? Int(parts[1]) : 0
    guard let exponent, abs(exponent) <= 40 else { return nil }
    let fraction = mantissa.count > 1 ? mantissa[1] : ""
    var digits = String(mantissa[0] + fraction)
    let shift = exponent - fraction.count
    if shift >= 0 {
      digits += String(repeating: "0", count: shift)
    } else {
      guard digits.suffix(-shift).allSatisfy({ $0 == "0" }) else { return nil }
      digits = String(digits.dropLast(-shift))
    }
    digits = String(digits.drop { $0 == "0" })
    guard digits.count <= 20, let magnitude = Int128(digits.isEmpty ? "0" : digits) else { return nil }
    return isNegative ? -magnitude : magnitude
  }
}
