public import NIOCore

/// The instant by which a call must end, on this process's monotonic clock.
///
/// It travels as what remains of it (`grpc-timeout`), so clocks of two machines need not agree.
public struct Deadline: Sendable, Hashable, Comparable {
  /// Nanoseconds of the monotonic clock that NIO uses.
  public let instant: NIODeadline

  /// A deadline at an instant.
  public init(_ instant: NIODeadline) {
    self.instant = instant
  }

  /// A deadline some time from an instant; far-off ones end at the clock's range.
  public init(in timeout: Duration, from now: NIODeadline = .now()) {
    instant = now + TimeAmount(timeout)
  }

  /// The time left, never below zero.
  public func remaining(at now: NIODeadline = .now()) -> Duration {
    instant > now ? .nanoseconds((instant - now).nanoseconds) : .zero
  }

  /// Whether the instant is past.
  public func isPast(at now: NIODeadline = .now()) -> Bool {
    instant <= now
  }

  /// The earlier deadline first.
  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.instant < right.instant
  }
}

/// The value of the `grpc-timeout` header: at most eight digits and a unit
/// (grpc/doc/PROTOCOL-HTTP2.md, "Timeout").
enum TimeoutHeader {
  private static let units: [(letter: UInt8, nanoseconds: Int64)] = [
    (UInt8(ascii: "n"), 1), (UInt8(ascii: "u"), 1_000), (UInt8(ascii: "m"), 1_000_000),
    (UInt8(ascii: "S"), 1_000_000_000), (UInt8(ascii: "M"), 60_000_000_000), (UInt8(ascii: "H"), 3_600_000_000_000),
  ]
  private static let limit: Int64 = 100_000_000

  /// The finest unit that has room, rounded up: a deadline must not come early.
  static func write(_ timeout: Duration, to bytes: inout [UInt8]) {
    let nanoseconds = max(timeout.saturatedNanoseconds, 0)
    for unit in units {
      let value = nanoseconds / unit.nanoseconds + (nanoseconds % unit.nanoseconds == 0 ? 0 : 1)
      guard value < limit else { continue }
      // A number of so few digits is a string without memory of its own.
      bytes.append(contentsOf: String(value).utf8)
      return bytes.append(unit.letter)
    }
    bytes.append(contentsOf: "99999999H".utf8)
  }

  /// The timeout, or nil when the value does not have the header's form.
  static func decode(_ bytes: some BidirectionalCollection<UInt8>) -> Duration? {
    guard (2...9).contains(bytes.count), let letter = bytes.last, let unit = units.first(where: { $0.letter == letter })
    else { return nil }
    var value: Int64 = 0
    for digit in bytes.dropLast() {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit.nanoseconds)
    return .nanoseconds(overflow ? .max : nanoseconds)
  }
}

extension Duration {
  /// Whole nanoseconds; what does not fit becomes the largest or smallest number.
  var saturatedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }
}

extension TimeAmount {
  /// NIO's form of a duration. A century at most: adding it to a clock must not overflow.
  init(_ duration: Duration) {
    self = .nanoseconds(min(duration.saturatedNanoseconds, 3_155_760_000_000_000_000))
  }
}
