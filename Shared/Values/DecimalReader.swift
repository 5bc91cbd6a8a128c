/// Reads the text of a decimal number, one byte after the other.
struct DecimalReader {
  private enum Place { case start, whole, fraction, exponentStart, exponent }

  private var place = Place.start
  private var isNegative = false
  private var magnitude: UInt128 = 0
  private var fractionDigits = 0
  private var sawDigit = false
  private var exponentIsNegative = false
  private var exponent = 0
  private var sawExponentDigit = false

  private static let notANumber = ValueError("The text is no decimal number.")
  private static let tooLong = ValueError("A decimal has at most 38 digits.")

  mutating func read(_ byte: UInt8) throws(ValueError) {
    switch (place, byte) {
    case (.start, UInt8(ascii: "-")), (.start, UInt8(ascii: "+")):
      isNegative = byte == UInt8(ascii: "-")
      place = .whole
    case (.start, UInt8(ascii: ".")), (.whole, UInt8(ascii: ".")):
      place = .fraction
    case (.start, UInt8(ascii: "0")...UInt8(ascii: "9")), (.whole, UInt8(ascii: "0")...UInt8(ascii: "9")):
      place = .whole
      try append(digit: byte - UInt8(ascii: "0"))
    case (.fraction, UInt8(ascii: "0")...UInt8(ascii: "9")):
      fractionDigits += 1
      try append(digit: byte - UInt8(ascii: "0"))
    case (.whole, UInt8(ascii: "e")), (.whole, UInt8(ascii: "E")), (.fraction, UInt8(ascii: "e")),
      (.fraction, UInt8(ascii: "E")):
      guard sawDigit else { throw Self.notANumber }
      place = .exponentStart
    case (.exponentStart, UInt8(ascii: "-")), (.exponentStart, UInt8(ascii: "+")):
      exponentIsNegative = byte == UInt8(ascii: "-")
      place = .exponent
    case (.exponentStart, UInt8(ascii: "0")...UInt8(ascii: "9")), (.exponent, UInt8(ascii: "0")...UInt8(ascii: "9")):
      place = .exponent
      sawExponentDigit = true
      exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
      // No number of 38 digits needs an exponent of three.
      guard exponent <= 99 else { throw Self.tooLong }
    default:
      throw Self.notANumber
    }
  }

  private mutating func append(digit: UInt8) throws(ValueError) {
    sawDigit = true
    // Zeros in front may be many; anything else beyond 38 digits is refused.
    guard magnitude < DecimalNumber.powerOfTen(DecimalNumber.maximumDigits - 1) else { throw Self.tooLong }
    magnitude = magnitude * 10 + UInt128(digit)
  }

  consuming func finish() throws(ValueError) -> DecimalNumber {
    let hasWholeExponent = place != .exponentStart && (place != .exponent || sawExponentDigit)
    guard sawDigit, hasWholeExponent else { throw Self.notANumber }
    var scale = fractionDigits + (exponentIsNegative ? exponent : -exponent)
    if magnitude == 0 { scale = min(max(scale, 0), DecimalNumber.maximumDigits) }
    while scale > DecimalNumber.maximumDigits, magnitude % 10 == 0 {
      magnitude /= 10
      scale -= 1
    }
    while scale < 0 {
      guard magnitude < DecimalNumber.powerOfTen(DecimalNumber.maximumDigits - 1) else { throw Self.tooLong }
      magnitude *= 10
      scale += 1
    }
    let unscaled = Int128(magnitude)
    return try DecimalNumber(unscaled: isNegative ? -unscaled : unscaled, scale: scale)
  }
}
