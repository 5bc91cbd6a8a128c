import Messages
import SampleMessages

/// Measures what a message costs: decoding and encoding, per message.
@main
struct MessageCosts {
  static func main() throws {
    let flat = SampleV1.Flat.with {
      $0.name = "entities/b2c/profileTables/customers/profiles/42"
      $0.etag = "W/\"12345\""
      $0.id = 42
      $0.count = 1_000_000
      $0.active = true
      $0.score = 0.75
      $0.note = "a short text"
      $0.version = 7
    }
    try measure("flat, 8 fields", flat)
    var nested = SampleV1.Choices()
    nested.before = "x"
    nested.first = .scalarsChoice(.with { $0.int32Value = 5; $0.stringValue = "hello" })
    nested.second = .right(.with { $0.stringValue = "world"; $0.int64Value = 99 })
    try measure("nested, 2 submessages", nested)
    var maps = SampleV1.Maps()
    for key in 0..<10 { maps.stringKeys["key\(key)"] = "value\(key)" }
    try measure("map, 10 entries", maps)
    var lists = SampleV1.Lists()
    lists.int64Values = Array(0..<1000)
    try measure("1,000 packed numbers", lists)
    lists = SampleV1.Lists()
    lists.scalars = (0..<100).map { index in .with { $0.int32Value = Int32(index); $0.stringValue = "row" } }
    try measure("100 submessages", lists)
  }

  static func measure<M: Message>(_ name: String, _ message: M) throws {
    let bytes = try message.encoded()
    let clock = ContinuousClock()
    var best = (Duration.seconds(1000), Duration.seconds(1000))
    let rounds = 200_000 / max(1, bytes.count / 100)
    for _ in 0..<5 {
      let decode = try clock.measure { for _ in 0..<rounds { _ = try M(decoding: bytes) } }
      let encode = try clock.measure { for _ in 0..<rounds { _ = try message.encoded() } }
      best = (min(best.0, decode), min(best.1, encode))
    }
    print("\(name), \(bytes.count) bytes: decode \(best.0 / rounds), encode \(best.1 / rounds)")
  }
}
