/// As whom a statement runs: the third lock of the suite.
///
/// A service's login may do nothing by itself. Each call takes a role for the length of its transaction.
package struct DatabaseRole: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case none
    case worker
    case entity(Int64)
    case owner
  }

  let kind: Kind

  /// The login itself, which sees nothing: for statements that touch no table.
  package static let none = DatabaseRole(kind: .none)

  /// Work of no single entity: all rows of the shared tables, no user's table.
  package static let worker = DatabaseRole(kind: .worker)

  /// The schema's owner, for the login of schema operations only.
  static let owner = DatabaseRole(kind: .owner)

  /// One entity: its rows of the shared tables, and its users' tables.
  package static func entity(_ number: Int64) -> DatabaseRole {
    DatabaseRole(kind: .entity(number))
  }
}

/// The names of one service's schema and roles, which belong to the whole cluster and so begin with the database's name.
package struct RoleNames: Sendable, Hashable {
  /// Begins every name; the database's name unless one cluster holds copies of a database, as in tests.
  package let prefix: String
  /// The service, which is also its schema's name.
  package let service: String

  /// - Throws: ``DatabaseError`` `.invalidValue` unless both are of lower-case letters, digits and underscores, begin
  ///   with a letter, and have together at most 36 bytes, so that no name of a role is cut.
  package init(prefix: String, service: String) throws(DatabaseError) {
    for name in [prefix, service] {
      guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
        name.utf8.allSatisfy({ Self.isPlain($0) })
      else {
        throw DatabaseError(
          .invalidValue, "The names of databases and services are of a-z, 0-9 and _, and begin with a letter.")
      }
    }
    guard prefix.utf8.count + service.utf8.count <= 36 else {
      throw DatabaseError(.invalidValue, "The names of database and service have together at most 36 bytes.")
    }
    self.prefix = prefix
    self.service = service
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }

  /// The schema, named as the service.
  package var schema: String { service }
  /// The login of calls: owns nothing, inherits nothing.
  package var login: String { "\(prefix)_\(service)" }
  /// The login of schema operations, a member of the owner.
  package var ddl: String { "\(prefix)_\(service)_ddl" }
  /// Owns the schema and all in it; no login.
  package var owner: String { "\(prefix)_\(service)_owner" }
  /// Work of no single entity.
  package var worker: String { "\(prefix)_\(service)_worker" }
  /// The group of all entities' roles: grants and policies of shared tables are given to it.
  package var entities: String { "\(prefix)_\(service)_entities" }

  /// The role of one entity.
  package func entity(_ number: Int64) -> String { "\(prefix)_\(service)_e\(number)" }

  func name(of role: DatabaseRole) -> String? {
    switch role.kind {
    case .none: nil
    case .worker: worker
    case .owner: owner
    case .entity(let number): entity(number)
    }
  }
}
