/// The fields of a page that was sent: `application/x-www-form-urlencoded` (WHATWG URL §5.1).
struct PostedFields: Sendable {
  /// The most bytes of a body.
  static let mostBytes = 512 * 1024
  /// The most fields: each choice of a form, and some.
  private static let mostFields = 5_000

  private var values: [String: [String]] = [:]

  /// No field.
  init() {}

  /// - Returns: nil for what is no such text in UTF-8, or has too many fields.
  init?(_ body: some Collection<UInt8>) {
    let pairs = body.split(separator: UInt8(ascii: "&"), maxSplits: Self.mostFields)
    guard pairs.count <= Self.mostFields else { return nil }
    for pair in pairs {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decode(parts[0]), let value = parts.count == 2 ? Self.decode(parts[1]) : "" else {
        return nil
      }
      values[name, default: []].append(value)
    }
  }

  /// Every value of a name, in their order.
  subscript(all name: String) -> [String] { values[name] ?? [] }

  /// The first value of a name.
  subscript(name: String) -> String? { values[name]?.first }

  private static func decode(_ bytes: some Collection<UInt8>) -> String? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var rest = Array(bytes)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        // A percent sign without two digits stands for itself.
        guard let high = rest.first?.hexDigit, let low = rest.dropFirst().first?.hexDigit else {
          decoded.append(byte)
          continue
        }
        decoded.append(high << 4 | low)
        rest = rest.dropFirst(2)
      default: decoded.append(byte)
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }
}

extension UInt8 {
  fileprivate var hexDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
