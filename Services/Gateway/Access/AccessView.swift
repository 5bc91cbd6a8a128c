import Values

/// An entity as it is kept.
struct EntityRecord: Sendable, Hashable {
  /// Its number, never used again.
  let number: Int64
  /// Its id in names, which never changes: `b2c`.
  let id: String
  /// What people call it.
  var displayName: String
  /// IANA name of its time zone.
  var timeZone: String
  /// When it was made.
  let createTime: Timestamp
  /// When it was changed last.
  var updateTime: Timestamp

  /// `entities/b2c`.
  var name: String { "entities/\(id)" }
}

/// A key as it is kept. Its secret is not: only the hash of it.
struct KeyRecord: Sendable, Hashable {
  /// Its number, never used again; also its id in names.
  let number: Int64
  /// What people call it.
  var displayName: String
  /// SHA-256 of its secret.
  let secretHash: [UInt8]
  /// What it may do, line by line, in the order in which it was written.
  var grants: [AccessGrant]
  /// From then on it is refused; nil: it does not expire.
  var expireTime: Timestamp?
  /// When it was revoked.
  var revokeTime: Timestamp?
  /// When it was made.
  let createTime: Timestamp

  /// `keys/17`.
  var name: String { "keys/\(number)" }
}

/// Who may do what, as it stood at one revision. Never changes; a change makes another.
final class AccessView: Sendable {
  /// Grows with each change.
  let revision: Int64
  /// All entities, by id.
  let entities: [EntityRecord]
  /// All keys, revoked ones too, oldest first.
  let keys: [KeyRecord]

  private let entityByID: [String: EntityRecord]
  private let entityByNumber: [Int64: EntityRecord]
  private let keyByNumber: [Int64: (key: KeyRecord, rights: GrantedRights)]

  /// A view of what was read together.
  init(revision: Int64, entities: [EntityRecord], keys: [KeyRecord]) {
    self.revision = revision
    self.entities = entities.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    self.keys = keys.sorted { $0.number < $1.number }
    entityByID = Dictionary(entities.map { ($0.id, $0) }) { first, _ in first }
    entityByNumber = Dictionary(entities.map { ($0.number, $0) }) { first, _ in first }
    keyByNumber = Dictionary(keys.map { ($0.number, ($0, GrantedRights($0.grants))) }) { first, _ in first }
  }

  /// The entity of an id.
  func entity(id: String) -> EntityRecord? { entityByID[id] }

  /// The entity of a number.
  func entity(number: Int64) -> EntityRecord? { entityByNumber[number] }

  /// The key of a number.
  func key(number: Int64) -> KeyRecord? { keyByNumber[number]?.key }

  /// What the grants of a key add up to; nothing for a key that is not there.
  func rights(ofKey number: Int64) -> GrantedRights { keyByNumber[number]?.rights ?? GrantedRights([]) }
}
