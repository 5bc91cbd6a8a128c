/// One detail of a status: a `google.protobuf.Any`, whatever its type.
public struct StatusDetail: Sendable, Hashable {
  /// For example `type.googleapis.com/google.rpc.ErrorInfo`.
  public var typeURL: String
  /// The encoded message.
  public var value: [UInt8]

  /// A detail of any type.
  public init(typeURL: String, value: [UInt8]) {
    self.typeURL = typeURL
    self.value = value
  }
}

/// What is wrong in one field of a request: one entry of a `google.rpc.BadRequest`.
public struct FieldViolation: Sendable, Hashable {
  /// The field's path in the request, for example `profile.values[3].string`.
  public var field: String
  /// A sentence that says what to do.
  public var description: String

  /// One violation.
  public init(field: String, description: String) {
    self.field = field
    self.description = description
  }
}

extension StatusDetail {
  private static let prefix = "type.googleapis.com/google.rpc."

  static func errorInfo(reason: String, domain: String) -> StatusDetail {
    var message = ProtoEncoder()
    message.string(1, reason)
    message.string(2, domain)
    return StatusDetail(typeURL: prefix + "ErrorInfo", value: message.bytes)
  }

  static func badRequest(_ violations: [FieldViolation]) -> StatusDetail {
    var message = ProtoEncoder()
    for violation in violations {
      var entry = ProtoEncoder()
      entry.string(1, violation.field)
      entry.string(2, violation.description)
      message.bytes(1, entry.bytes)
    }
    return StatusDetail(typeURL: prefix + "BadRequest", value: message.bytes)
  }

  static func resourceInfo(name: String) -> StatusDetail {
    var message = ProtoEncoder()
    message.string(2, name)
    return StatusDetail(typeURL: prefix + "ResourceInfo", value: message.bytes)
  }

  var errorInfoReason: String? {
    guard typeURL.hasSuffix("/google.rpc.ErrorInfo") else { return nil }
    return ProtoDecoder.fields(of: value)?.first { $0.number == 1 }?.text
  }

  var badRequestViolations: [FieldViolation] {
    guard typeURL.hasSuffix("/google.rpc.BadRequest"), let fields = ProtoDecoder.fields(of: value) else { return [] }
    return fields.filter { $0.number == 1 }.compactMap { field in
      guard let entry = ProtoDecoder.fields(of: field.bytes) else { return nil }
      return FieldViolation(
        field: entry.first { $0.number == 1 }?.text ?? "", description: entry.first { $0.number == 2 }?.text ?? "")
    }
  }

  var resourceInfoName: String? {
    guard typeURL.hasSuffix("/google.rpc.ResourceInfo") else { return nil }
    return ProtoDecoder.fields(of: value)?.first { $0.number == 2 }?.text
  }
}

/// The value of `grpc-status-details-bin`: a `google.rpc.Status`.
struct StatusDetails {
  static func encode(_ error: RPCError) -> [UInt8] {
    var status = ProtoEncoder()
    status.varint(1, UInt64(error.code.rawValue))
    status.string(2, error.message)
    for detail in error.details {
      var any = ProtoEncoder()
      any.string(1, detail.typeURL)
      any.bytes(2, detail.value)
      status.bytes(3, any.bytes)
    }
    return status.bytes
  }

  static func decode(_ bytes: [UInt8]) -> [StatusDetail] {
    guard let fields = ProtoDecoder.fields(of: bytes) else { return [] }
    return fields.filter { $0.number == 3 }.compactMap { field in
      guard let any = ProtoDecoder.fields(of: field.bytes) else { return nil }
      return StatusDetail(
        typeURL: any.first { $0.number == 1 }?.text ?? "", value: any.first { $0.number == 2 }?.bytes ?? [])
    }
  }
}
