/// A kind of resource, from `(google.api.resource)`.
public struct ResourceType: Sendable, Hashable {
  /// Its type: `rapport/Profile`.
  public let type: String

  /// The shapes of its names: `entities/{entity}/profileTables/{table}/profiles/{profile}`.
  public let patterns: [String]

  /// The field that holds its name; `name` unless the option says otherwise.
  public let nameField: String

  /// - Parameter options: the unknown fields of a `MessageOptions`.
  init?(options: [UInt8]) {
    guard let encoded = options.bytes(ofField: 1053),
      let option = try? GoogleAPI.ResourceDescriptor(decoding: encoded)
    else { return nil }
    type = option.type
    patterns = option.pattern
    nameField = option.nameField.isEmpty ? "name" : option.nameField
  }
}

/// Which kind of resource a field names, from `(google.api.resource_reference)`.
public struct ResourceReference: Sendable, Hashable {
  /// The type of the resource; `*` for any; empty where ``childType`` says it.
  public let type: String

  /// The type of the resources that the named one is the parent of; empty where ``type`` says it.
  public let childType: String

  init(type: String) {
    self.type = type
    childType = ""
  }

  /// - Parameter options: the unknown fields of a `FieldOptions`.
  init?(options: [UInt8]) {
    guard let encoded = options.bytes(ofField: 1055),
      let option = try? GoogleAPI.ResourceReference(decoding: encoded)
    else { return nil }
    type = option.type
    childType = option.childType
  }
}

extension MethodRule {
  /// - Parameter options: the unknown fields of a `MethodOptions`.
  init?(options: [UInt8]) {
    guard let encoded = options.bytes(ofField: 50210), let rule = try? OptionsV1.Rule(decoding: encoded) else {
      return nil
    }
    self.init(module: rule.module, right: rule.right, callers: rule.callers)
  }
}

extension HTTPRule {
  /// The bindings of `(google.api.http)`, the additional ones last.
  ///
  /// - Parameter options: the unknown fields of a `MethodOptions`.
  static func all(options: [UInt8]) -> [HTTPRule] {
    guard let encoded = options.bytes(ofField: 72_295_728), let rule = try? GoogleAPI.HttpRule(decoding: encoded) else {
      return []
    }
    return ([rule] + rule.additionalBindings).compactMap(HTTPRule.init)
  }

  private init?(_ rule: GoogleAPI.HttpRule) {
    let (verb, path): (String, String)
    switch rule.pattern {
    case .get(let template): (verb, path) = ("GET", template)
    case .put(let template): (verb, path) = ("PUT", template)
    case .post(let template): (verb, path) = ("POST", template)
    case .delete(let template): (verb, path) = ("DELETE", template)
    case .patch(let template): (verb, path) = ("PATCH", template)
    case .custom(let custom): (verb, path) = (custom.kind, custom.path)
    case nil: return nil
    }
    self.init(verb: verb, path: path, body: rule.body, responseBody: rule.responseBody)
  }
}

/// Options of the .proto files are extensions, which stand among the unknown fields of the descriptors' messages.
extension [UInt8] {
  /// The length-delimited field of this number, its parts one behind the other; nil where there is none.
  func bytes(ofField number: UInt32) -> [UInt8]? {
    var result: [UInt8]?
    withFields { tag, cursor in
      var cursor = cursor
      guard tag.number == number, tag.wireType == 2, let length = try? cursor.length() else { return }
      result = (result ?? []) + UnsafeBufferPointer(start: cursor.position, count: length)
    }
    return result
  }

  /// The varint values of the field of this number, packed or not.
  func numbers(ofField number: UInt32) -> [UInt64] {
    var result: [UInt64] = []
    withFields { tag, cursor in
      var cursor = cursor
      guard tag.number == number else { return }
      if tag.wireType == 0, let value = try? cursor.varint() { result.append(value) }
      guard tag.wireType == 2, let length = try? cursor.length() else { return }
      var packed = WireCursor(cursor.position, cursor.position + length)
      while !packed.isAtEnd, let value = try? packed.varint() { result.append(value) }
    }
    return result
  }

  private func withFields(_ body: (WireCursor.Tag, WireCursor) -> Void) {
    withUnsafeBytes { bytes in
      var cursor = WireCursor(bytes)
      while !cursor.isAtEnd, let tag = try? cursor.tag() {
        body(tag, cursor)
        guard (try? cursor.skipValue(of: tag, depth: 100)) != nil else { return }
      }
    }
  }
}
