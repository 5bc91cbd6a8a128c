/// A resource name within a message.
public struct FoundResourceName: Sendable, Hashable {
  /// Where it stands: `criterion.all[2].list`, `owners["alice"]`.
  public let path: String

  /// The name as it was sent.
  public let value: String

  /// The kind of resource that the field names.
  public let resource: ResourceReference
}

/// Finds the resources that a message names, in the wire format, without decoding the rest.
public enum ResourceNames {
  /// The message that holds another one by its name.
  static let any = "google.protobuf.Any"

  /// Every value of a field marked `(google.api.resource_reference)`, and the name of every `(google.api.resource)`,
  /// wherever it stands: in submessages, lists, maps, oneofs, and in an `Any` of a message of the suite.
  ///
  /// A field that comes more than once is reported each time, though only the last one counts: what is checked is never
  /// less than what is used. Empty names of fields without presence are "not set", and left out.
  ///
  /// - Throws: ``DecodingError`` if the bytes are damaged where it looks, or nest more than 100 levels deep.
  /// - Complexity: O(bytes); a submessage that can name nothing is stepped over.
  public static func names(
    in wire: UnsafeRawBufferPointer, of message: MessageDescriptor
  ) throws -> [FoundResourceName] {
    guard message.namesResources else { return [] }
    var walk = ResourceWalk()
    try walk.visit(WireCursor(wire), of: message, depth: DecodingLimits.standard.depth)
    return walk.found
  }

  /// Every resource name in an encoded message; see ``names(in:of:)-(UnsafeRawBufferPointer,_)``.
  public static func names(in wire: [UInt8], of message: MessageDescriptor) throws -> [FoundResourceName] {
    try wire.withUnsafeBytes { try names(in: $0, of: message) }
  }
}

/// The fields from a message down to a value.
private struct FieldPath {
  /// Apart from the others: most names stand in the message itself, and one step needs no memory.
  private var first: String?
  private var others: [String] = []

  var text: String {
    guard let first else { return "" }
    return others.isEmpty ? first : "\(first).\(others.joined(separator: "."))"
  }

  mutating func enter(_ step: String) {
    if first == nil { first = step } else { others.append(step) }
  }

  /// - Returns: the step that is left.
  @discardableResult
  mutating func leave() -> String {
    others.popLast() ?? first.take() ?? ""
  }
}

/// One walk through a message, depth first.
private struct ResourceWalk {
  private(set) var found: [FoundResourceName] = []
  private var path = FieldPath()

  mutating func visit(_ start: WireCursor, of message: MessageDescriptor, depth: Int) throws(DecodingError) {
    if message.name == ResourceNames.any { return try visitAny(start, depth: depth) }
    let steps = message.record.resourceSteps
    // Of the repeated fields; only where there is one.
    var counts: [Int] = []
    var cursor = start
    var number = 0
    do throws(DecodingError.Reason) {
      while !cursor.isAtEnd {
        let tag = try cursor.tag()
        number = Int(tag.number)
        guard tag.wireType == 2, let step = steps.firstIndex(where: { $0.number == number }) else {
          try cursor.skipValue(of: tag, depth: depth)
          continue
        }
        let length = try cursor.length()
        let value = WireCursor(cursor.position, cursor.position + length)
        try cursor.skip(length)
        let field = steps[step]
        if field.isRepeated && !field.isMap {
          if counts.isEmpty { counts = [Int](repeating: 0, count: steps.count) }
          path.enter("\(field.name)[\(counts[step])]")
          counts[step] += 1
        } else {
          path.enter(field.name)
        }
        try visit(value, of: field, in: message, depth: depth)
        path.leave()
      }
    } catch {
      throw nestedError ?? DecodingError(error, message: message.name, field: number)
    }
  }

  /// The error of an inner message, which names its place better than the outer one can.
  private var nestedError: DecodingError?

  private mutating func visit(
    _ value: WireCursor, of field: FieldDescriptor, in message: MessageDescriptor, depth: Int
  ) throws(DecodingError.Reason) {
    if field.type == .string, let resource = field.resource {
      try add(value, resource, isSet: field.hasPresence || field.isRepeated)
    } else if let submessage = message.message(of: field) {
      guard depth > 0 else { throw .tooDeep }
      if field.isMap {
        try visitEntry(value, of: submessage, resource: field.resource, depth: depth - 1)
      } else {
        try nested(value, of: submessage, depth: depth - 1)
      }
    }
  }

  private mutating func nested(
    _ value: WireCursor, of message: MessageDescriptor, depth: Int
  ) throws(DecodingError.Reason) {
    do {
      try visit(value, of: message, depth: depth)
    } catch {
      nestedError = error
      throw error.reason
    }
  }

  private mutating func add(
    _ value: WireCursor, _ resource: ResourceReference, isSet: Bool
  ) throws(DecodingError.Reason) {
    guard let text = value.text() else { throw .invalidUTF8 }
    guard isSet || !text.isEmpty else { return }
    found.append(FoundResourceName(path: path.text, value: text, resource: resource))
  }

  /// A map's entry: its key stands in the path, its value is a name or holds some.
  private mutating func visitEntry(
    _ start: WireCursor, of entry: MessageDescriptor, resource: ResourceReference?, depth: Int
  ) throws(DecodingError.Reason) {
    guard let keyField = entry.field(number: 1), let valueField = entry.field(number: 2) else { return }
    var cursor = start
    var key = keyField.type == .string ? "" : "0"
    var values: [WireCursor] = []
    while !cursor.isAtEnd {
      let tag = try cursor.tag()
      let valueStart = cursor
      try cursor.skipValue(of: tag, depth: depth)
      if tag.number == 1, let text = valueStart.keyText(keyField.type, wireType: tag.wireType) { key = text }
      guard tag.number == 2, tag.wireType == 2 else { continue }
      var value = valueStart
      let length = try value.length()
      values.append(WireCursor(value.position, value.position + length))
    }
    path.enter("\(path.leave())[\"\(key)\"]")
    for value in values {
      if valueField.type == .string, let resource {
        try add(value, resource, isSet: true)
      } else if let message = entry.message(of: valueField) {
        try nested(value, of: message, depth: depth - 1)
      }
    }
  }

  /// The message within an `Any`, if the suite knows it; of one that it does not know, no service can use a name.
  private mutating func visitAny(_ start: WireCursor, depth: Int) throws(DecodingError) {
    var cursor = start
    var type = ""
    var values: [WireCursor] = []
    do throws(DecodingError.Reason) {
      while !cursor.isAtEnd {
        let tag = try cursor.tag()
        guard tag.wireType == 2, tag.number <= 2 else {
          try cursor.skipValue(of: tag, depth: depth)
          continue
        }
        let length = try cursor.length()
        let value = WireCursor(cursor.position, cursor.position + length)
        try cursor.skip(length)
        if tag.number == 1 { type = value.text() ?? "" } else { values.append(value) }
      }
    } catch {
      throw DecodingError(error, message: ResourceNames.any)
    }
    let name = type.split(separator: "/").last.map(String.init) ?? ""
    guard let message = MessageRegistry.message(named: name), message.namesResources else { return }
    guard depth > 0 else { throw DecodingError(.tooDeep, message: ResourceNames.any) }
    for value in values { try visit(value, of: message, depth: depth - 1) }
  }
}

extension WireCursor {
  /// All that remains, as text; nil if it is not UTF-8.
  func text() -> String? {
    String(validating: UnsafeBufferPointer(start: position, count: remaining), as: UTF8.self)
  }

  /// The map key that stands here, as text; nil if it is of another wire type.
  fileprivate func keyText(_ type: FieldType, wireType: UInt8) -> String? {
    guard wireType == type.wireType else { return nil }
    var cursor = self
    switch wireType {
    case 2:
      guard let length = try? cursor.length() else { return nil }
      return WireCursor(cursor.position, cursor.position + length).text()
    case 1: return ScalarText.text(of: type, bits: cursor.fixed64())
    case 5: return ScalarText.text(of: type, bits: UInt64(cursor.fixed32()))
    default: return (try? cursor.varint()).map { ScalarText.text(of: type, bits: $0) }
    }
  }
}
