import Messages
package import ServiceKit
import Values

/// Who calls a service under test.
package struct Caller: Sendable {
  private let kind: Principal.Kind
  private let subject: String
  let signer: ServiceName
  private let entities: [Principal.Entity]
  private let grants: [Principal.Grant]

  /// May do everything in these entities.
  package static func writer(_ entities: [Principal.Entity]) -> Caller {
    Caller(
      kind: .apiKey, subject: "keys/\(entities.map(\.key).joined(separator: "-"))", signer: .gateway,
      entities: entities,
      grants: entities.map { .init(entity: $0.id, module: .all, rights: [.read, .write, .export, .launch]) })
  }

  /// May read alone.
  package static func reader(_ entities: [Principal.Entity]) -> Caller {
    holder(entities.map { .init(entity: $0.id, module: .all, rights: [.read]) }, entities)
  }

  /// Has these grants in entities that it sees.
  package static func holder(_ grants: [Principal.Grant], _ entities: [Principal.Entity] = [.b2c]) -> Caller {
    Caller(kind: .apiKey, subject: "keys/1", signer: .gateway, entities: entities, grants: grants)
  }

  /// A service of the suite, for entities.
  package static func service(_ service: ServiceName, _ entities: [Principal.Entity]) -> Caller {
    Caller(kind: .service, subject: service.rawValue, signer: service, entities: entities, grants: [])
  }

  /// What it shows to a service.
  func principal(for service: ServiceName, at time: any TimeSource) -> Principal {
    var principal = Principal(
      kind: kind, subject: subject, signer: signer, notBefore: time.now,
      expires: time.now.advanced(by: .seconds(900)))
    principal.entities = entities
    principal.grants = grants
    if kind == .service { principal.audience = service }
    return principal
  }
}

extension Principal.Entity {
  /// The one that most of a test happens in.
  package static let b2c = Principal.Entity(id: 1, key: "b2c", timeZone: "Europe/Brussels")
  /// Another one, which keeps to itself.
  package static let b2b = Principal.Entity(id: 2, key: "b2b")
}
