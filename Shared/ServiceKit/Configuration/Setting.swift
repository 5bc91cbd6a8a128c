package import RPC

/// One key of the configuration: its name, what it means, its unit, default and limit. Each is written once, as a
/// static of the struct that it configures.
package struct Setting<Value: Sendable>: Sendable {
  /// The name in the file, such as `listen.port`; in the environment that is `RAPPORT_LISTEN_PORT`.
  package let key: String
  /// What it is, with its unit.
  package let summary: String
  /// What holds when nothing is configured; nil: the key must be given.
  package let fallback: Value?
  /// A value to show in the listing of a key that must be given.
  let example: Value
  /// Whether the value must never be shown.
  let isSecret: Bool
  /// What values are allowed, in words that follow "must be".
  let limit: String
  let read: @Sendable (RawSetting) throws -> Value?
  let show: @Sendable (Value) -> String

  /// What the listing says of this key.
  var description: SettingDescription {
    SettingDescription(
      key: key, summary: summary, limit: limit, fallback: fallback.map { isSecret ? "(secret)" : show($0) })
  }
}

/// A line of the listing of keys.
package struct SettingDescription: Sendable, Hashable {
  /// The name in the file.
  package let key: String
  /// What it is, with its unit.
  package let summary: String
  /// What values are allowed, in words that follow "must be".
  package let limit: String
  /// The default; nil: the key must be given.
  package let fallback: String?
}

/// Reads one key in the form asked for. Nil when it is not configured.
struct RawSetting {
  let string: () throws -> String?
  let int: () throws -> Int?
  let bool: () throws -> Bool?
  let strings: () throws -> [String]?
}

/// Thrown while reading, when a value is present but not allowed. The edge adds the key and the limit.
struct SettingOutOfLimit: Error {}

extension Setting where Value == Int {
  /// A whole number.
  package init(
    _ key: String, default fallback: Int?, in range: ClosedRange<Int>, _ summary: String
  ) {
    self.init(
      key: key, summary: summary, fallback: fallback, example: fallback ?? range.lowerBound, isSecret: false,
      limit: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      read: { raw in try raw.int().map { try $0.within(range) } }, show: { "\($0)" })
  }
}

extension Setting where Value == Duration {
  /// A time, configured as a whole number of milliseconds.
  package init(
    milliseconds key: String, default fallback: Int, in range: ClosedRange<Int>, _ summary: String
  ) {
    self.init(
      key: key, summary: summary, fallback: .milliseconds(fallback), example: .milliseconds(fallback), isSecret: false,
      limit: "a whole number of milliseconds from \(range.lowerBound) to \(range.upperBound)",
      read: { raw in try raw.int().map { .milliseconds(try $0.within(range)) } },
      show: { "\($0.components.seconds * 1_000 + $0.components.attoseconds / 1_000_000_000_000_000)" })
  }

  /// A time, configured as a whole number of seconds.
  package init(
    seconds key: String, default fallback: Int, in range: ClosedRange<Int>, _ summary: String
  ) {
    self.init(
      key: key, summary: summary, fallback: .seconds(fallback), example: .seconds(fallback), isSecret: false,
      limit: "a whole number of seconds from \(range.lowerBound) to \(range.upperBound)",
      read: { raw in try raw.int().map { .seconds(try $0.within(range)) } },
      show: { "\($0.components.seconds)" })
  }
}

extension Setting where Value == Bool {
  /// A switch.
  package init(_ key: String, default fallback: Bool, _ summary: String) {
    self.init(
      key: key, summary: summary, fallback: fallback, example: fallback, isSecret: false, limit: "true or false",
      read: { raw in try raw.bool() }, show: { "\($0)" })
  }
}

extension Setting where Value == String {
  /// A text that is not empty.
  package init(_ key: String, default fallback: String?, example: String = "", _ summary: String) {
    self.init(
      key: key, summary: summary, fallback: fallback, example: fallback ?? example, isSecret: false,
      limit: "a text that is not empty", read: { raw in try raw.string().map { try $0.unlessEmpty() } }, show: { $0 })
  }
}

extension Setting where Value == String? {
  /// A text that may be left out.
  package init(optional key: String, _ summary: String) {
    self.init(
      key: key, summary: summary, fallback: .some(nil), example: nil, isSecret: false,
      limit: "a text that is not empty", read: { raw in try raw.string().map { try $0.unlessEmpty() } },
      show: { $0 ?? "none" })
  }

  /// A secret that may be left out. It is shown nowhere.
  package init(secret key: String, _ summary: String) {
    self.init(
      key: key, summary: summary, fallback: .some(nil), example: nil, isSecret: true,
      limit: "a text that is not empty", read: { raw in try raw.string().map { try $0.unlessEmpty() } },
      show: { $0 == nil ? "none" : "(secret)" })
  }
}

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of a few words.
  package init(_ key: String, default fallback: Value, _ summary: String) {
    self.init(
      key: key, summary: summary, fallback: fallback, example: fallback, isSecret: false,
      limit: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", "),
      read: { raw in
        try raw.string().map { text in
          guard let value = Value(rawValue: text) else { throw SettingOutOfLimit() }
          return value
        }
      },
      show: { $0.rawValue })
  }
}

extension Setting where Value == [HostPort] {
  /// Addresses, in the environment with commas between them.
  package init(addresses key: String, default fallback: [HostPort], _ summary: String) {
    self.init(
      key: key, summary: summary, fallback: fallback, example: fallback, isSecret: false,
      limit: "addresses such as 127.0.0.1:7001 or [::1]:7001",
      read: { raw in
        // A file may hold an array, or the one text that the environment has.
        let texts = try (try? raw.strings()) ?? raw.string().map { $0.split(separator: ",").map(String.init) }
        return try texts?.map { text in
          guard let address = HostPort(text) else { throw SettingOutOfLimit() }
          return address
        }
      },
      show: { $0.isEmpty ? "none" : $0.map(\.description).joined(separator: ",") })
  }
}

extension Int {
  fileprivate func within(_ range: ClosedRange<Int>) throws -> Int {
    guard range.contains(self) else { throw SettingOutOfLimit() }
    return self
  }
}

extension String {
  fileprivate func unlessEmpty() throws -> String {
    guard !isEmpty else { throw SettingOutOfLimit() }
    return self
  }
}
