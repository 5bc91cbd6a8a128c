import Messages
import NIOCore
import RPC
import ServiceKit

/// What one name in a request asks of the caller.
struct Demand: Sendable, Hashable {
  /// Where it must be met.
  enum Place: Sendable, Hashable {
    /// In the entity of this id.
    case entity(String)
    /// In any entity: a list over all of them.
    case anyEntity
  }

  /// What must be held there.
  enum Need: Sendable, Hashable {
    /// Any right: then the entity is seen.
    case sight
    /// A right in a module.
    case right(OptionsV1.Right, OptionsV1.Module)
  }

  /// Where it must be met.
  let place: Place
  /// What must be held there.
  let need: Need
  /// The name, as it was sent.
  let name: String
  /// The field that it stands in.
  let path: String

  /// A demand.
  init(place: Place, need: Need, name: String, path: String) {
    self.place = place
    self.need = need
    self.name = name
    self.path = path
  }
}

/// A name in a request, where it stands and what the field is for.
struct NamedResource: Sendable, Hashable {
  /// Where it stands: `targeting.criterion.all.criteria[2].targeting`.
  let path: String
  /// The name, as it was sent.
  let value: String
  /// `profiles.rapport/Profile`; where the field names the parent of a kind, that kind.
  let type: String

  /// A name.
  init(path: String, value: String, type: String) {
    self.path = path
    self.value = value
    self.type = type
  }
}

extension PublicMethod {
  /// What the names in a message of a request ask for.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT when the bytes are no such message, a name begins with no entity, or
  ///   `entities/-` stands where one entity is meant.
  func demands(of message: ByteBuffer) throws(RPCError) -> [Demand] {
    let found: [FoundResourceName]
    do {
      found = try message.withUnsafeReadableBytes { try ResourceNames.names(in: $0, of: info.request) }
    } catch {
      throw .malformed(info, cause: error)
    }
    return try demands(
      of: found.lazy.map { NamedResource(path: $0.path, value: $0.value, type: $0.resource.namedType) })
  }

  /// What names ask for. Empty ones are not set and ask for nothing.
  func demands(of names: some Collection<NamedResource>) throws(RPCError) -> [Demand] {
    // A request whose target cannot be told from its references is judged by the rule in all that it names.
    let hasTarget = names.contains { !$0.value.isEmpty && isTarget($0) }
    var demands: [Demand] = []
    demands.reserveCapacity(names.count)
    for name in names where !name.value.isEmpty {
      let place = try place(of: name)
      let need = hasTarget && !isTarget(name) ? Self.need(ofReference: name) : targetNeed
      demands.append(Demand(place: place, need: need, name: name.value, path: name.path))
    }
    return demands
  }

  private var targetNeed: Demand.Need {
    if case .right(let right, let module) = need { .right(right, module) } else { .sight }
  }

  private func isTarget(_ name: NamedResource) -> Bool {
    let module: OptionsV1.Module? = if case .right(_, let module) = need { module } else { nil }
    return RequestTargets(kind: info.kind, module: module).contains(path: name.path, type: name.type)
  }

  /// A reference needs to be read, by the rights of the module that it belongs to. An entity needs only to be seen.
  private static func need(ofReference name: NamedResource) -> Demand.Need {
    guard let module = OptionsV1.Module(ofResource: name.type), module != .access else { return .sight }
    return .right(.read, module)
  }

  private func place(of name: NamedResource) throws(RPCError) -> Demand.Place {
    switch EntityPrefix(of: name.value) {
    case .one(let id): return .entity(id)
    case .every where takesEveryEntity && name.path == "parent" && name.value == "entities/-": return .anyEntity
    case .every: throw .wildcardMisplaced(at: name.path)
    case nil: throw .badName(at: name.path)
    }
  }
}

/// The entity that a name begins with.
///
/// Strict on purpose: what is let through names the same entity to every service that reads it, so no encoding, no
/// letter case and no empty part is understood.
enum EntityPrefix: Sendable, Hashable {
  case one(String)
  case every

  /// Nil when the name does not begin with `entities/` and the id of an entity, or with `entities/-`.
  init?(of name: String) {
    let prefix = "entities/".utf8
    guard name.utf8.starts(with: prefix) else { return nil }
    let id = name.utf8.dropFirst(prefix.count).prefix { $0 != UInt8(ascii: "/") }
    if id.elementsEqual("-".utf8) {
      self = .every
    } else if EntityID.isValid(id) {
      self = .one(String(decoding: id, as: UTF8.self))
    } else {
      return nil
    }
  }
}

/// The id of an entity: 1 to 40 lower-case letters, digits and hyphens, beginning with a letter.
enum EntityID {
  static func isValid(_ id: some Collection<UInt8>) -> Bool {
    guard (1...40).contains(id.count), let first = id.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
    else {
      return false
    }
    return id.allSatisfy { character in
      switch character {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
      default: false
      }
    }
  }
}

extension Caller {
  /// Checks that the caller may do what a demand asks for.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND where the entity is not seen, as where there is none; PERMISSION_DENIED where it is
  ///   seen and the right is missing.
  func meet(_ demand: Demand) throws(RPCError) {
    switch demand.place {
    case .entity(let id): try meet(demand, in: id)
    case .anyEntity:
      guard case .right(let right, let module) = demand.need else { return }
      guard allowsSomewhere(right, of: module) else { throw .permissionDenied(right, of: module) }
    }
  }

  private func meet(_ demand: Demand, in id: String) throws(RPCError) {
    guard let entity = visibleEntity(id: id) else { throw .notFound(demand) }
    guard case .right(let right, let module) = demand.need else { return }
    guard rights[entity: entity.number].allows(right, of: module) else {
      throw .permissionDenied(right, of: module, in: id)
    }
  }
}

extension RPCError {
  /// Exactly what a service answers for a name that leads nowhere, composed of the name alone.
  static func notFound(_ demand: Demand) -> RPCError {
    do {
      return .notFound(try ResourceName(demand.name), field: demand.path)
    } catch {
      return .invalidName(error, field: demand.path)
    }
  }
}
