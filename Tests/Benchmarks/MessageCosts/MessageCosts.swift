import Messages

/// Measures what messages of the suite cost to decode and to encode.
@main
struct MessageCosts {
  static func main() throws {
    try measure(
      "8 flat fields",
      InternalV1.Principal.with {
        $0.kind = .init(rawValue: 1)
        $0.subject = "entities/b2c/keys/42-of-the-portal"
        $0.signer = "gateway"
        $0.notBefore = 1_760_000_000
        $0.expires = 1_760_003_600
        $0.audience = "profiles"
        $0.onBehalfOf = "scenario 17"
        $0.resources = ["entities/b2c"]
      })
    try measure(
      "8 fields, one of them a message",
      InternalV1.LogEvent.with {
        $0.partition = 17
        $0.position = 123_456_789
        $0.time = .with { $0.seconds = 1_760_000_000 }
        $0.type = "rapport.internal.v1.ProfilesChanged"
        $0.body = [UInt8](repeating: 7, count: 40)
        $0.entity = 3
        $0.profileTable = 12
        $0.profile = 4_000_000
      })
    try measure(
      "a profile of 10 values",
      ProfilesV1.Profile.with { profile in
        profile.name = "entities/b2c/profileTables/customers/profiles/42"
        for index in 0..<10 { profile.fields["field\(index)"] = .with { $0.kind = .stringValue("value \(index)") } }
      })
    try measure(
      "100 events",
      InternalV1.FollowResponse.with { response in
        response.events = (0..<100).map { index in
          .with {
            $0.position = Int64(index)
            $0.type = "rapport.internal.v1.ProfilesChanged"
          }
        }
      })
    try measure(
      "1,000 packed numbers", InternalV1.ResolveProfilesResponse.with { $0.ids = Array(1_000_000..<1_001_000) })
  }

  /// Prints nanoseconds per message, the best of five rounds.
  private static func measure<M: Message>(_ name: String, _ message: M) throws {
    let bytes = try message.encoded()
    let count = 200_000 / max(1, bytes.count / 100)
    var (decoding, encoding) = (Duration.seconds(1_000), Duration.seconds(1_000))
    for _ in 0..<5 {
      decoding = min(decoding, try ContinuousClock().measure { for _ in 0..<count { _ = try M(decoding: bytes) } })
      encoding = min(encoding, try ContinuousClock().measure { for _ in 0..<count { _ = try message.encoded() } })
    }
    let (decode, encode) = (decoding / count / .nanoseconds(1), encoding / count / .nanoseconds(1))
    let walking = try ContinuousClock().measure {
      for _ in 0..<count { _ = try ResourceNames.names(in: bytes, of: M.descriptor) }
    }
    let walk = walking / count / .nanoseconds(1)
    print("\(name), \(bytes.count) bytes: decode \(Int(decode)), encode \(Int(encode)), names \(Int(walk)) ns")
  }
}
