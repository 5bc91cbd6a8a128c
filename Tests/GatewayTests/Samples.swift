import Messages
import RPC
import Testing
import Values

@testable import Gateway

extension AccessV1.CreateEntityRequest {
  /// A good request.
  static func sample(
    _ id: String, displayName: String = "Consumers", timeZone: String = "Europe/Brussels", requestID: String = ""
  ) -> AccessV1.CreateEntityRequest {
    var request = AccessV1.CreateEntityRequest()
    request.entityId = id
    request.requestId = requestID
    var entity = AccessV1.Entity()
    entity.displayName = displayName
    entity.timeZone = timeZone
    request.entity = entity
    return request
  }
}

extension AccessV1.Key {
  /// A key with grants, each `entity:module:right`.
  static func sample(_ grants: [String], displayName: String = "A program") -> AccessV1.Key {
    var key = AccessV1.Key()
    key.displayName = displayName
    key.grants = grants.map(AccessV1.Grant.sample)
    return key
  }
}

extension AccessV1.Grant {
  /// `b2c:profiles:read`, by the enums' names in lower case without prefix.
  static func sample(_ text: String) -> AccessV1.Grant {
    let parts = text.split(separator: ":").map(String.init)
    var grant = AccessV1.Grant()
    grant.entity = "entities/\(parts[0])"
    grant.module = OptionsV1.Module.allCases.first { "\($0)" == "MODULE_\(parts[1].uppercased())" } ?? .unspecified
    grant.right = OptionsV1.Right.allCases.first { "\($0)" == "RIGHT_\(parts[2].uppercased())" } ?? .unspecified
    return grant
  }
}

/// What a call ended with, to be compared as one.
struct Refusal: Equatable {
  var code: StatusCode
  var reason: String?

  init(_ code: StatusCode, _ reason: String?) {
    self.code = code
    self.reason = reason
  }

  init(_ error: RPCError) { self.init(error.code, error.reason) }
}

/// How a call was refused; nil when it was not.
func refusal<Result>(of call: () async throws -> Result) async throws -> Refusal? {
  try await error(of: call).map(Refusal.init)
}

/// The error of a call; nil when it succeeded.
func error<Result>(of call: () async throws -> Result) async throws -> RPCError? {
  do {
    _ = try await call()
    return nil
  } catch let error as RPCError {
    return error
  }
}
