import Database
import Messages
import RPC
import ServiceKit

// What the gateway itself answers. A reason never changes: clients act on it.

extension RPCError {
  /// Rights cannot be told at present.
  static var accessUnknown: RPCError {
    RPCError(
      .unavailable,
      "The database does not answer, so the gateway cannot tell at present who may do what. Try again in a moment.",
      reason: "ACCESS_UNKNOWN")
  }

  /// A call without a token.
  static var tokenMissing: RPCError {
    RPCError(
      .unauthenticated,
      "The call carries no access token. Send one as \"authorization: Bearer <token>\"; ExchangeKey gives it for a key.",
      reason: "TOKEN_MISSING")
  }

  /// A token that was not given by this suite for this purpose, or was damaged on the way.
  static var tokenInvalid: RPCError {
    RPCError(
      .unauthenticated, "The access token is not one of this suite. Exchange the key for a new one with ExchangeKey.",
      reason: "TOKEN_INVALID")
  }

  /// A token whose time is over.
  static var tokenExpired: RPCError {
    RPCError(
      .unauthenticated, "The access token has expired. Exchange the key for a new one with ExchangeKey.",
      reason: "TOKEN_EXPIRED")
  }

  /// A secret that no key has. Whether the key of that number exists is not told.
  static var keyInvalid: RPCError {
    RPCError(
      .unauthenticated, "The secret belongs to no key. Check that it was copied whole, or create a new key.",
      reason: "KEY_INVALID")
  }

  /// The key was revoked.
  static var keyRevoked: RPCError {
    RPCError(.unauthenticated, "The key was revoked. Ask an administrator for a new one.", reason: "KEY_REVOKED")
  }

  /// The key's time is over.
  static var keyExpired: RPCError {
    RPCError(.unauthenticated, "The key has expired. Ask an administrator for a new one.", reason: "KEY_EXPIRED")
  }

  /// A request that names nothing that rights could be checked for.
  static func nothingNamed(_ method: MethodInfo) -> RPCError {
    RPCError(
      .invalidArgument, "The request of \(method.name) names no resource. Set its name or parent.",
      reason: "NO_RESOURCE_NAMED")
  }

  /// A name that belongs to no entity.
  static func badName(at path: String) -> RPCError {
    let rule = "Write a name that begins with \"entities/\" and the id of an entity."
    return RPCError(
      .invalidArgument, "The name in \(path) cannot be read. \(rule)", reason: "INVALID_RESOURCE_NAME",
      fieldViolations: [FieldViolation(field: path, description: rule)])
  }

  /// Every entity is meant where only one can be.
  static func wildcardMisplaced(at path: String) -> RPCError {
    let rule = "Name one entity: \"entities/-\" stands only as the parent of a list."
    return RPCError(
      .invalidArgument, "The name in \(path) means every entity. \(rule)", reason: "WILDCARD_MISPLACED",
      fieldViolations: [FieldViolation(field: path, description: rule)])
  }

  /// Bytes that are not the message that the method takes.
  static func malformed(_ method: MethodInfo, cause: any Error) -> RPCError {
    RPCError(
      .invalidArgument, "The request is not a \(method.request.name). Use the messages of the API's .proto files.",
      reason: "MALFORMED_REQUEST", cause: cause)
  }

  /// A method that takes one message got none, or a second.
  static func notOneMessage(_ method: MethodInfo) -> RPCError {
    RPCError(
      .invalidArgument, "\(method.name) takes exactly one message. Call it as unary or with a stream of answers.",
      reason: "NOT_ONE_MESSAGE")
  }

  /// A path that is no method of the public API.
  static func methodUnknown(_ path: String) -> RPCError {
    RPCError(
      .unimplemented, "There is no method \(path) here. Compare with the API's .proto files of this version.",
      reason: "METHOD_UNKNOWN")
  }

  /// The service behind the gateway cannot be reached.
  static func serviceUnavailable(_ service: ServiceName, cause: any Error) -> RPCError {
    RPCError(
      .unavailable, "The service \(service) cannot be reached at present. Try again.", reason: "SERVICE_UNAVAILABLE",
      cause: cause)
  }

  /// The service behind the gateway has gone while it served the call.
  static func serviceLost(_ service: ServiceName, cause: any Error) -> RPCError {
    RPCError(
      .unavailable,
      "The service \(service) does not answer any more, and may have done what was asked. Try again, with the same "
        + "request id where there is one.",
      reason: "SERVICE_LOST", cause: cause)
  }

  /// The deployment runs without the service that serves the method.
  static func serviceMissing(_ service: ServiceName) -> RPCError {
    RPCError(
      .unavailable, "This deployment runs no service \(service). Ask who operates it.", reason: "SERVICE_MISSING")
  }
}

// What the access service answers.

extension RPCError {
  /// No such entity, or none that the caller sees.
  static func notFound(entity id: String) -> RPCError { .notFound(ResourcePattern("entities/{entity}").name(id)) }

  /// No such key, or none that the caller may administer.
  static func notFound(key number: Int64) -> RPCError { .notFound(ResourcePattern("keys/{key}").name("\(number)")) }

  /// A field that should hold a key's name does not.
  static func badKeyName(at path: String) -> RPCError {
    let rule = "Write \"keys/\" and the number of a key."
    return RPCError(
      .invalidArgument, "The name in \(path) is not that of a key. \(rule)", reason: "INVALID_RESOURCE_NAME",
      fieldViolations: [FieldViolation(field: path, description: rule)])
  }

  /// The id was given to an entity before; no id is ever used again.
  static func entityExists(_ id: String) -> RPCError {
    RPCError(
      .alreadyExists, "There is an entity \(id) already. Choose another id, or update that entity.",
      reason: "ENTITY_EXISTS", resource: "entities/\(id)")
  }

  /// The licence is full.
  static var tooManyEntities: RPCError {
    RPCError(
      .resourceExhausted, "A licence has at most \(AccessService.maximumEntities) entities.",
      reason: "TOO_MANY_ENTITIES")
  }

  /// A revoked key stays as it is.
  static func keyIsRevoked(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "\(name) was revoked, for ever. Create another key.", reason: "KEY_REVOKED", resource: name)
  }

  /// The database refused a change for a reason that no caller can know.
  static func changeFailed(_ error: any Error) -> RPCError {
    guard let error = error as? DatabaseError, error.isSafeToRetry || error.kind == .unavailable else {
      return RPCError(
        .internal, "The change could not be stored; the gateway's log tells why. Look whether it took effect.",
        reason: "CHANGE_FAILED", cause: error)
    }
    return RPCError(
      .unavailable, "The change could not be stored at present. Try again.", reason: "STORE_UNAVAILABLE", cause: error)
  }
}
