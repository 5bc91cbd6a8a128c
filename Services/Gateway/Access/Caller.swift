import Messages
import ServiceKit
import Values

/// Who makes a call, and what may be done with it, as access stands at one revision.
final class Caller: Sendable {
  /// The key that the token was given for.
  let key: KeyRecord
  /// The token that was sent.
  let token: AccessToken
  /// What access looks like.
  let view: AccessView
  /// What the key's grants add up to.
  let rights: GrantedRights
  /// When all this ends at the latest, to the second: with the token, or with the key.
  let expires: Timestamp

  /// A caller of a key that holds.
  init(key: KeyRecord, token: AccessToken, view: AccessView) {
    self.key = key
    self.token = token
    self.view = view
    rights = view.rights(ofKey: key.number)
    expires = min(token.expires, key.expireTime ?? token.expires).wholeSecond
  }

  /// The entities that the caller sees: those where it has any right. By id.
  var entities: [EntityRecord] {
    view.entities.filter { sees($0) }
  }

  /// Whether the caller has any right in the entity.
  func sees(_ entity: EntityRecord) -> Bool {
    !rights[entity: entity.number].isEmpty
  }

  /// The entity of an id, if the caller sees it. One that it does not see and one that does not exist are the same.
  func visibleEntity(id: String) -> EntityRecord? {
    view.entity(id: id).flatMap { sees($0) ? $0 : nil }
  }

  /// Whether the caller has the right in the module in any entity that there is.
  func allowsSomewhere(_ right: OptionsV1.Right, of module: OptionsV1.Module) -> Bool {
    rights.everywhere.allows(right, of: module)
      || rights.byEntity.values.contains { $0.allows(right, of: module) }
  }
}

extension Caller {
  /// What the gateway vouches for towards the services. Every entity that the caller sees is listed, so that no service
  /// need know what "every entity" comes to; a grant for all of them holds in those listed.
  var principal: Principal {
    let entities = entities
    let listed = Set(entities.map(\.number))
    let everywhere = Self.grants(rights.everywhere, in: nil)
    let single = rights.byEntity.sorted { $0.key < $1.key }.filter { listed.contains($0.key) }
    return Principal(
      kind: .apiKey, subject: key.name, signer: .gateway, notBefore: token.issued, expires: expires,
      entities: entities.map { Principal.Entity(id: $0.number, key: $0.id, timeZone: $0.timeZone) },
      grants: everywhere + single.flatMap { Self.grants($0.value, in: $0.key) })
  }

  private static func grants(_ held: RightSet, in entity: Int64?) -> [Principal.Grant] {
    RightSet.modules.compactMap { module in
      let rights = held.rights(of: module)
      return rights.isEmpty ? nil : Principal.Grant(entity: entity, module: module, rights: Set(rights))
    }
  }
}

extension Timestamp {
  /// This instant, or the last whole second before it.
  var wholeSecond: Timestamp {
    let rest = microsecondsSinceEpoch % 1_000_000
    return advanced(by: .microseconds(rest < 0 ? -1_000_000 - rest : -rest))
  }
}
