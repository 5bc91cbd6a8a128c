internal import Values

/// PostgreSQL's numeric (src/backend/utils/adt/numeric.c, numeric_send): four 16-bit words — number of digits, weight of
/// the first, sign, digits shown after the point — and the digits in base 10,000.
enum NumericCodec {
  private static let negative: UInt16 = 0x4000
  private static let base: UInt128 = 10_000

  static func decode(_ bytes: RawSpan) throws(BinaryDecoder.Failure) -> DecimalNumber {
    var offset = 0
    let count = Int(try word(bytes, &offset))
    let weight = Int(Int16(bitPattern: try word(bytes, &offset)))
    let sign = try word(bytes, &offset)
    let shown = Int(try word(bytes, &offset))
    guard bytes.byteCount == 8 + 2 * count else { throw .malformed }
    guard sign == 0 || sign == negative else {
      throw .unrepresentable(ValueError("NaN and infinity are no decimal numbers."))
    }
    var digits = ScaledDigits()
    for index in 0..<count {
      digits.append(try word(bytes, &offset), exponent: 4 * (weight - index))
    }
    do throws(ValueError) {
      return try digits.number(isNegative: sign == negative, scale: shown)
    } catch { throw .unrepresentable(error) }
  }

  static func encode(_ number: DecimalNumber, into bytes: inout [UInt8]) {
    // Base-10,000 digits stand at multiples of four decimals from the point, so the fraction is filled up to one.
    let fractionDigits = (number.scale + 3) / 4
    let filler = DecimalNumber.powerOfTen(fractionDigits * 4 - number.scale)
    // 38 digits and three zeros may exceed 128 bits: the last digit is split off before it is filled up.
    let (whole, rest) = number.unscaled.magnitude.quotientAndRemainder(dividingBy: base / filler)
    var digits: [UInt16] = [UInt16(rest * filler)]
    var left = whole
    while left > 0 {
      digits.append(UInt16(left % base))
      left /= base
    }
    // `digits` is least significant first; its first stands at −fractionDigits.
    while digits.last == 0 { digits.removeLast() }
    let trailingZeros = digits.prefix { $0 == 0 }.count
    let weight = digits.isEmpty ? 0 : digits.count - 1 - fractionDigits
    bytes.append(bigEndian: Int16(digits.count - trailingZeros))
    bytes.append(bigEndian: Int16(weight))
    bytes.append(bigEndian: number.unscaled < 0 ? negative : 0)
    bytes.append(bigEndian: Int16(number.scale))
    for digit in digits.dropFirst(trailingZeros).reversed() { bytes.append(bigEndian: digit) }
  }

  private static func word(_ bytes: RawSpan, _ offset: inout Int) throws(BinaryDecoder.Failure) -> UInt16 {
    do throws(MalformedValue) { return try bytes.integer(at: &offset) } catch { throw .malformed }
  }
}

/// Base-10,000 digits put together to one integer, refused when it passes 38 digits.
private struct ScaledDigits {
  private var magnitude: UInt128 = 0
  /// The power of ten at which the last digit stands.
  private var exponent = 0
  private var overflows = false

  private static let tooLong = ValueError("A decimal has at most 38 digits, before and after the point together.")

  mutating func append(_ digit: UInt16, exponent: Int) {
    guard !overflows else { return }
    let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10_000)
    let (sum, overflow2) = product.addingReportingOverflow(UInt128(digit))
    overflows = overflow || overflow2
    magnitude = sum
    self.exponent = exponent
  }

  func number(isNegative: Bool, scale: Int) throws(ValueError) -> DecimalNumber {
    guard !overflows else { throw Self.tooLong }
    guard magnitude > 0 else {
      return try DecimalNumber(unscaled: 0, scale: min(scale, DecimalNumber.maximumDigits))
    }
    var digits = magnitude
    var places = -exponent
    // Shorten first (zeros that fill a base-10,000 digit, or a longer scale than ours), then widen to the shown scale.
    while places > min(scale, DecimalNumber.maximumDigits), digits % 10 == 0 {
      digits /= 10
      places -= 1
    }
    let limit = DecimalNumber.powerOfTen(DecimalNumber.maximumDigits)
    // Zeros shown after the point are dropped where they alone would pass 38 digits.
    while places < scale, places < 0 || digits * 10 < limit, places < DecimalNumber.maximumDigits {
      guard digits < limit / 10 else { throw Self.tooLong }
      digits *= 10
      places += 1
    }
    guard digits < limit, places >= 0 else { throw Self.tooLong }
    let unscaled = Int128(digits)
    return try DecimalNumber(unscaled: isNegative ? -unscaled : unscaled, scale: places)
  }
}
