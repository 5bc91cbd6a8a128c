/// Reads the fixed-width numbers of ISO 8601 texts.
struct DigitReader {
  private var rest: [UInt8]
  private var position = 0

  private static let malformed = ValueError("The text is no date or time of ISO 8601.")

  init(_ text: some StringProtocol) {
    rest = Array(text.utf8)
  }

  var next: UInt8? { position < rest.count ? rest[position] : nil }

  /// Reads the next byte, whatever it is.
  mutating func take() throws(ValueError) -> UInt8 {
    guard let byte = next else { throw Self.malformed }
    position += 1
    return byte
  }

  mutating func digit() throws(ValueError) -> Int {
    let byte = try take()
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { throw Self.malformed }
    return Int(byte - UInt8(ascii: "0"))
  }

  mutating func number(digits: Int) throws(ValueError) -> Int {
    var number = 0
    for _ in 0..<digits { number = try number * 10 + digit() }
    return number
  }

  mutating func expect(_ scalar: Unicode.Scalar) throws(ValueError) {
    guard try take() == UInt8(ascii: scalar) else { throw Self.malformed }
  }

  func expectEnd() throws(ValueError) {
    guard next == nil else { throw Self.malformed }
  }
}

/// A number of 0 or more with zeros in front, at least `width` digits.
func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
