import Messages
import Values

/// Why a principal that was read is not one that can be understood.
struct PrincipalFormatError: Error {}

extension Principal {
  /// The bytes that are signed.
  func encoded() throws -> [UInt8] {
    var message = InternalV1.Principal()
    message.kind = kind.message
    message.subject = subject
    message.signer = signer.rawValue
    message.notBefore = notBefore.secondsSinceEpoch
    message.expires = expires.secondsSinceEpoch
    message.audience = audience?.rawValue ?? ""
    message.entities = entities.map { entity in
      var message = InternalV1.Entity()
      message.id = entity.id
      message.key = entity.key
      message.timeZone = entity.timeZone
      return message
    }
    message.grants = grants.map { grant in
      var message = InternalV1.Grant()
      message.entity = grant.entity ?? 0
      message.module = grant.module
      message.rights = grant.rights.sorted { $0.rawValue < $1.rawValue }
      return message
    }
    message.resources = resources
    message.onBehalfOf = onBehalfOf
    return try message.encoded()
  }

  /// Reads signed bytes.
  ///
  /// - Throws: `DecodingError` or ``PrincipalFormatError`` when a newer or broken signer wrote what this build cannot weigh.
  init(encoded bytes: [UInt8]) throws {
    let message = try InternalV1.Principal(decoding: bytes)
    guard let kind = Kind(message.kind), let signer = ServiceName(rawValue: message.signer), !message.subject.isEmpty
    else {
      throw PrincipalFormatError()
    }
    var audience: ServiceName?
    if !message.audience.isEmpty {
      audience = ServiceName(rawValue: message.audience)
      if audience == nil {
        throw PrincipalFormatError()
      }
    }
    // A negative number of an entity is nobody's; zero as an entity's own number would mean "all" in a grant.
    guard message.entities.allSatisfy({ $0.id > 0 }), message.grants.allSatisfy({ $0.entity >= 0 }) else {
      throw PrincipalFormatError()
    }
    self.init(
      kind: kind, subject: message.subject, signer: signer,
      notBefore: try Timestamp(secondsSinceEpoch: message.notBefore),
      expires: try Timestamp(secondsSinceEpoch: message.expires),
      audience: audience,
      entities: message.entities.map { Entity(id: $0.id, key: $0.key, timeZone: $0.timeZone) },
      grants: message.grants.map {
        Grant(entity: $0.entity == 0 ? nil : $0.entity, module: $0.module, rights: Set($0.rights))
      },
      resources: message.resources, onBehalfOf: message.onBehalfOf)
  }
}

extension Principal.Kind {
  fileprivate init?(_ message: InternalV1.SubjectKind) {
    switch message {
    case .user: self = .user
    case .apiKey: self = .apiKey
    case .service: self = .service
    case .link: self = .link
    default: return nil
    }
  }

  fileprivate var message: InternalV1.SubjectKind {
    switch self {
    case .user: .user
    case .apiKey: .apiKey
    case .service: .service
    case .link: .link
    }
  }
}

extension Timestamp {
  /// Whole seconds since 1970 UTC, rounded down.
  var secondsSinceEpoch: Int64 {
    let (seconds, rest) = microsecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
    return rest < 0 ? seconds - 1 : seconds
  }

  /// - Throws: ``PrincipalFormatError`` for an instant outside the years 1 to 9999.
  init(secondsSinceEpoch seconds: Int64) throws {
    let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else {
      throw PrincipalFormatError()
    }
    try self.init(microsecondsSinceEpoch: microseconds)
  }
}
