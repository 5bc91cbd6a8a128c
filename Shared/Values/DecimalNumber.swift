/// An exact decimal number: `unscaled` × 10 ^ −`scale`.
///
/// At most 38 digits, of which at most 38 stand after the point. Equality, order and hash follow the number, so that
/// 1.0 equals 1.00; the scale is kept for printing only.
package struct DecimalNumber: Sendable {
  /// The digits as one integer, −(10^38 − 1) to 10^38 − 1.
  package let unscaled: Int128
  /// How many of the digits stand after the point, 0 to 38.
  package let scale: Int

  /// The largest number of digits, before and after the point together.
  package static let maximumDigits = 38

  /// - Throws: ``ValueError`` when `scale` is not 0 to 38 or `unscaled` has more than 38 digits.
  package init(unscaled: Int128, scale: Int) throws(ValueError) {
    guard (0...Self.maximumDigits).contains(scale) else {
      throw ValueError("A decimal has at most 38 digits after the point.")
    }
    guard unscaled.magnitude < Self.powerOfTen(Self.maximumDigits) else {
      throw ValueError("A decimal has at most 38 digits.")
    }
    self.init(validUnscaled: unscaled, scale: scale)
  }

  /// A whole number, which always fits.
  package init(_ integer: Int64) {
    self.init(validUnscaled: Int128(integer), scale: 0)
  }

  private init(validUnscaled: Int128, scale: Int) {
    self.unscaled = validUnscaled
    self.scale = scale
  }

  /// Zero, without digits after the point.
  package static let zero = DecimalNumber(0)

  /// 10 ^ `exponent`, for 0 to 38.
  package static func powerOfTen(_ exponent: Int) -> UInt128 {
    powersOfTen[exponent]
  }

  private static let powersOfTen: [UInt128] = {
    var powers: [UInt128] = [1]
    for _ in 0..<maximumDigits { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()
}

extension DecimalNumber: Comparable, Hashable {
  package static func == (left: DecimalNumber, right: DecimalNumber) -> Bool {
    left.order(relativeTo: right) == 0
  }

  package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
    left.order(relativeTo: right) < 0
  }

  package func hash(into hasher: inout Hasher) {
    let shortest = normalized
    hasher.combine(shortest.unscaled)
    hasher.combine(shortest.scale)
  }

  /// The same number without zeros at the end of its fraction: 1.500 becomes 1.5.
  package var normalized: DecimalNumber {
    var digits = unscaled
    var places = scale
    while places > 0 {
      let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
      guard remainder == 0 else { break }
      digits = quotient
      places -= 1
    }
    return DecimalNumber(validUnscaled: digits, scale: places)
  }

  /// Below, at or above zero as this number is smaller than, equal to or greater than `other`.
  private func order(relativeTo other: DecimalNumber) -> Int {
    if scale > other.scale { return -other.order(relativeTo: self) }
    let factor = Int128(Self.powerOfTen(other.scale - scale))
    let (widened, overflow) = unscaled.multipliedReportingOverflow(by: factor)
    // What overflows 128 bits is further from zero than any 38 digits.
    if overflow { return unscaled < 0 ? -1 : 1 }
    return widened == other.unscaled ? 0 : (widened < other.unscaled ? -1 : 1)
  }
}

extension DecimalNumber {
  /// The number with so many digits after the point: halves go away from zero, and zeros are added.
  ///
  /// - Parameter places: 0 to 38. A number that would then have more than 38 digits stays as it is.
  package func rounded(toPlaces places: Int) -> DecimalNumber {
    if places >= scale {
      let (widened, overflow) = unscaled.multipliedReportingOverflow(by: Int128(Self.powerOfTen(places - scale)))
      return overflow ? self : (try? DecimalNumber(unscaled: widened, scale: places)) ?? self
    }
    let divisor = Int128(Self.powerOfTen(scale - places))
    let (quotient, rest) = unscaled.quotientAndRemainder(dividingBy: divisor)
    let isUp = rest.magnitude >= divisor.magnitude - rest.magnitude
    return (try? DecimalNumber(unscaled: quotient + (isUp ? rest.signum() : 0), scale: places)) ?? self
  }
}

extension DecimalNumber: CustomStringConvertible, LosslessStringConvertible {
  /// Plain notation with exactly `scale` digits after the point, as PostgreSQL prints it: "-0.50".
  package var description: String {
    var digits = Array(String(unscaled.magnitude).utf8)
    if digits.count <= scale {
      digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: scale + 1 - digits.count), at: 0)
    }
    if scale > 0 { digits.insert(UInt8(ascii: "."), at: digits.count - scale) }
    if unscaled < 0 { digits.insert(UInt8(ascii: "-"), at: 0) }
    return String(decoding: digits, as: UTF8.self)
  }

  /// As ``init(parsing:)``; nil in place of an error.
  package init?(_ description: String) {
    do { try self.init(parsing: description) } catch { return nil }
  }

  /// Reads "12", "-0.50", "+.5", "7." or "1.5e3"; zeros after the point are kept in the scale.
  ///
  /// - Throws: ``ValueError`` when the text is no number or has more than 38 digits.
  package init(parsing text: some StringProtocol) throws(ValueError) {
    var reader = DecimalReader()
    for byte in text.utf8 { try reader.read(byte) }
    self = try reader.finish()
  }
}
