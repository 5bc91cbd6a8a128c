import Messages
import RPC
import ServiceKit
import Values

extension AccessService {
  /// Makes a key and shows its secret.
  func createKey(_ request: AccessV1.CreateKeyRequest, _ call: Call) async throws -> AccessV1.CreateKeyResponse {
    let key = request.key ?? AccessV1.Key()
    var checks = FieldChecks()
    if !key.name.isEmpty { checks.refuse("key.name", "Leave it out: a key is given its name.") }
    checks.displayName(key.displayName, at: "key.display_name")
    checks.grants(key.grants, at: "key.grants")
    let expireTime = checks.future(key.expireTime, at: "key.expire_time", now: time.now)
    try checks.finish()
    let (caller, grants) = try await decide(call) { caller throws(RPCError) in
      (caller, try caller.administrable(key.grants))
    }
    return try await change(origin(call, caller)) { change in
      let secret = KeySecret(drawnFor: try await change.reserveKeyNumber(), randomness: randomness)
      let record = KeyRecord(
        number: secret.key, displayName: key.displayName, secretHash: secret.hash, grants: grants,
        expireTime: expireTime, revokeTime: nil, createTime: change.origin.time)
      try await change.create(record)
      var response = AccessV1.CreateKeyResponse()
      response.key = record.message(id: caller.view.id)
      response.secret = secret.text
      try await change.audit(record.name, after: try response.key?.definition)
      return response
    }
  }

  /// Returns one key that the caller may administer.
  func getKey(_ request: AccessV1.GetKeyRequest, _ call: Call) async throws -> AccessV1.Key {
    let number = try Self.keyNumber(of: request.name, at: "name")
    return try await decideFreshly(call) { caller throws(RPCError) in
      guard let key = caller.view.key(number: number), caller.administers(key) else { throw .notFound(key: number) }
      return key.message(id: caller.view.id)
    }
  }

  /// Lists the keys that the caller may administer.
  func listKeys(_ request: AccessV1.ListKeysRequest, _ call: Call) async throws -> AccessV1.ListKeysResponse {
    let size = try PageSize(asked: request.pageSize).count
    let list = PageTokens.List(method: call.path, parent: "-")
    let last = try pageTokens.open(request.pageToken, of: list).flatMap(Int64.init(bigEndianBytes:)) ?? 0
    let caller = try await decideFreshly(call) { $0 }
    let rest = caller.view.keys.lazy.filter { $0.number > last && caller.administers($0) }
    let page = Array(rest.prefix(size + 1))
    var response = AccessV1.ListKeysResponse()
    response.keys = page.prefix(size).map { $0.message(id: caller.view.id) }
    if page.count > size {
      response.nextPageToken = try pageTokens.seal(page[size - 1].number.bigEndianBytes, of: list)
    }
    return response
  }

  /// Changes a key's display name, grants or expiry.
  func updateKey(_ request: AccessV1.UpdateKeyRequest, _ call: Call) async throws -> AccessV1.Key {
    let key = request.key ?? AccessV1.Key()
    let number = try Self.keyNumber(of: key.name, at: "key.name")
    let (fields, expireTime) = try changedFields(request, key)
    let (caller, grants) = try await decide(call) { caller throws(RPCError) in
      (caller, fields.contains("grants") ? try caller.administrable(key.grants) : [])
    }
    return try await change(origin(call, caller)) { change in
      var record = try await Self.administrableKey(number, of: change, by: caller)
      guard record.revokeTime == nil else { throw RPCError.keyIsRevoked(record.name) }
      let before = record.message(id: caller.view.id)
      if fields.contains("display_name") { record.displayName = key.displayName }
      if fields.contains("grants") { record.grants = grants }
      if fields.contains("expire_time") { record.expireTime = expireTime }
      try await change.update(record)
      let after = record.message(id: caller.view.id)
      try await change.audit(record.name, before: try before.definition, after: try after.definition)
      return after
    }
  }

  private func changedFields(
    _ request: AccessV1.UpdateKeyRequest, _ key: AccessV1.Key
  ) throws(RPCError) -> (fields: Set<String>, expireTime: Timestamp?) {
    let mask = try FieldMask(request.updateMask, updatable: ["display_name", "grants", "expire_time"])
    var checks = FieldChecks()
    var fields: Set<String> = []
    var expireTime: Timestamp?
    if mask.includes("display_name", isSet: !key.displayName.isEmpty) {
      checks.displayName(key.displayName, at: "key.display_name")
      fields.insert("display_name")
    }
    if mask.includes("grants", isSet: !key.grants.isEmpty) {
      checks.grants(key.grants, at: "key.grants")
      fields.insert("grants")
    }
    if mask.includes("expire_time", isSet: key.expireTime != nil) {
      expireTime = checks.future(key.expireTime, at: "key.expire_time", now: time.now)
      fields.insert("expire_time")
    }
    try checks.finish()
    return (fields, expireTime)
  }

  /// Revokes a key; once more does nothing.
  func revokeKey(_ request: AccessV1.RevokeKeyRequest, _ call: Call) async throws -> AccessV1.Key {
    let number = try Self.keyNumber(of: request.name, at: "name")
    let caller = try await decide(call) { $0 }
    return try await change(origin(call, caller)) { change in
      var record = try await Self.administrableKey(number, of: change, by: caller)
      guard record.revokeTime == nil else { return record.message(id: caller.view.id) }
      let before = record.message(id: caller.view.id)
      record.revokeTime = change.origin.time
      try await change.update(record)
      let after = record.message(id: caller.view.id)
      try await change.audit(record.name, before: try before.definition, after: try after.definition)
      return after
    }
  }

  /// The key as it stands within the change. One that the caller may not administer is as one that is not there.
  private static func administrableKey(
    _ number: Int64, of change: AccessChange, by caller: Caller
  ) async throws -> KeyRecord {
    guard let record = try await change.key(number: number), caller.administers(record) else {
      throw RPCError.notFound(key: number)
    }
    return record
  }

  /// The number in `keys/{key}`.
  private static func keyNumber(of name: String, at field: String) throws(RPCError) -> Int64 {
    guard name.utf8.starts(with: "keys/".utf8), let digits = String(name.utf8.dropFirst(5)), let number = Int64(digits),
      number > 0, "keys/\(number)".utf8.elementsEqual(name.utf8)
    else {
      throw .badKeyName(at: field)
    }
    return number
  }
}
