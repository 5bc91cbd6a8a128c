package import Messages
package import Values

/// Who calls, and what they may do.
///
/// The gateway signs principals of users, API keys and links, once per token; a service that acts by itself signs one
/// of its own, a workload principal. ``PrincipalVerifier`` tells whether one is to be believed.
package struct Principal: Sendable, Hashable {
  /// The kinds of caller.
  package enum Kind: Sendable, Hashable {
    /// A person, through the portal.
    case user
    /// A program with an API key.
    case apiKey
    /// A service of the suite, acting by itself.
    case service
    /// A signed link of a public page.
    case link
  }

  /// An entity that the principal sees.
  package struct Entity: Sendable, Hashable {
    /// Its number, above 0.
    package var id: Int64
    /// Its technical name, as in `entities/b2c`; empty where the signer does not know it.
    package var key: String
    /// The IANA time zone that its days follow; empty: UTC.
    package var timeZone: String

    /// An entity by number and name.
    package init(id: Int64, key: String, timeZone: String = "") {
      self.id = id
      self.key = key
      self.timeZone = timeZone
    }
  }

  /// What is allowed in one entity, or in all.
  package struct Grant: Sendable, Hashable {
    /// The entity's number; nil: every entity, later ones included.
    package var entity: Int64?
    /// The module; `.all` stands for every module but access.
    package var module: OptionsV1.Module
    /// Write includes read; the others stand for themselves alone.
    package var rights: Set<OptionsV1.Right>

    /// A grant.
    package init(entity: Int64?, module: OptionsV1.Module, rights: Set<OptionsV1.Right>) {
      self.entity = entity
      self.module = module
      self.rights = rights
    }
  }

  /// What kind of caller it is.
  package var kind: Kind
  /// The id of the user, key or link; for a service, its name.
  package var subject: String
  /// Whose key signed it.
  package var signer: ServiceName
  /// From when on it holds, to the second.
  package var notBefore: Timestamp
  /// When it ends, to the second.
  package var expires: Timestamp
  /// The one service that may accept it; nil: any.
  package var audience: ServiceName?
  /// The entities that it sees and their names.
  package var entities: [Entity]
  /// What is allowed; grants add up.
  package var grants: [Grant]
  /// For a link: the names of the only resources that it opens.
  package var resources: [String]
  /// For a service: on behalf of what it acts, such as `scenarios/7/executions/42`.
  package var onBehalfOf: String

  /// A principal; nothing is checked here.
  package init(
    kind: Kind, subject: String, signer: ServiceName, notBefore: Timestamp, expires: Timestamp,
    audience: ServiceName? = nil, entities: [Entity] = [], grants: [Grant] = [], resources: [String] = [],
    onBehalfOf: String = ""
  ) {
    self.kind = kind
    self.subject = subject
    self.signer = signer
    self.notBefore = notBefore
    self.expires = expires
    self.audience = audience
    self.entities = entities
    self.grants = grants
    self.resources = resources
    self.onBehalfOf = onBehalfOf
  }
}
