import Messages
import Values

// The kept records as the messages of `rapport.access.v1`, and back.

extension GoogleProtobuf.Timestamp {
  /// An instant, to the microsecond.
  init(_ instant: Timestamp) {
    self.init()
    let whole = instant.wholeSecond
    seconds = whole.microsecondsSinceEpoch / 1_000_000
    nanos = Int32(instant.microsecondsSinceEpoch - whole.microsecondsSinceEpoch) * 1_000
  }

  /// The instant, cut to the microsecond; nil when it is none of the years 1 to 9999 or its parts are out of range.
  var instant: Timestamp? {
    let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow, (0..<1_000_000_000).contains(nanos) else { return nil }
    let (sum, carry) = microseconds.addingReportingOverflow(Int64(nanos / 1_000))
    return carry ? nil : try? Timestamp(microsecondsSinceEpoch: sum)
  }
}

extension EntityRecord {
  /// As callers see it.
  var message: AccessV1.Entity {
    var message = AccessV1.Entity()
    message.name = name
    message.displayName = displayName
    message.timeZone = timeZone
    message.createTime = GoogleProtobuf.Timestamp(createTime)
    message.updateTime = GoogleProtobuf.Timestamp(updateTime)
    return message
  }
}

extension AccessGrant {
  /// As callers see it. `id` gives the id of an entity's number, which is never deleted.
  func message(id: (Int64) -> String?) -> AccessV1.Grant {
    var message = AccessV1.Grant()
    switch scope {
    case .everywhere: message.entity = "entities/-"
    case .entity(let number): message.entity = id(number).map { "entities/\($0)" } ?? ""
    }
    message.module = module
    message.right = right
    return message
  }
}

extension KeyRecord {
  /// As callers see it: without any trace of its secret.
  func message(id: (Int64) -> String?) -> AccessV1.Key {
    var message = AccessV1.Key()
    message.name = name
    message.displayName = displayName
    message.grants = grants.map { $0.message(id: id) }
    message.expireTime = expireTime.map(GoogleProtobuf.Timestamp.init)
    message.revokeTime = revokeTime.map(GoogleProtobuf.Timestamp.init)
    message.createTime = GoogleProtobuf.Timestamp(createTime)
    return message
  }
}

extension Message {
  /// The message as JSON, for the audit. For definitions only, which hold no secrets.
  var definition: String {
    get throws {
      String(decoding: try JSONCodec.json(from: try encoded(), as: Self.descriptor), as: UTF8.self)
    }
  }
}
