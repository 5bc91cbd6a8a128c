import Messages

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
  /// A detail that holds a message of the suite; nil when the message cannot be encoded.
  init?(_ message: some Message) {
    guard let value = try? message.encoded() else { return nil }
    self.init(typeURL: "type.googleapis.com/" + type(of: message).descriptor.name, value: value)
  }

  /// The message, if the detail holds one of this type.
  func message<Detail: Message>(_ type: Detail.Type) -> Detail? {
    typeURL.hasSuffix("/" + type.descriptor.name) ? try? Detail(decoding: value) : nil
  }
}

extension GoogleRPC.ErrorInfo {
  init(reason: String) {
    self.init()
    self.reason = reason
    domain = RPCError.domain
  }
}

extension GoogleRPC.BadRequest {
  init(_ violations: [RPC.FieldViolation]) {
    self.init()
    fieldViolations = violations.map { violation in
      var entry = FieldViolation()
      entry.field = violation.field
      entry.description = violation.description
      return entry
    }
  }
}

extension GoogleRPC.ResourceInfo {
  init(name: String) {
    self.init()
    resourceName = name
  }
}

/// The value of `grpc-status-details-bin`: a `google.rpc.Status`.
enum StatusDetails {
  /// - Returns: nil when there are none or they cannot be encoded; then the status travels without them.
  static func encode(_ error: RPCError) -> [UInt8]? {
    if let encoded = error.encodedDetails { return encoded }
    if error.details.isEmpty { return nil }
    var status = GoogleRPC.Status()
    status.code = Int32(truncatingIfNeeded: error.code.rawValue)
    status.message = error.message
    status.details = error.details.map { detail in
      var any = GoogleProtobuf.AnyMessage()
      any.typeUrl = detail.typeURL
      any.value = detail.value
      return any
    }
    return try? status.encoded()
  }

  /// The details, none when the bytes are no status.
  static func decode(_ bytes: [UInt8]) -> [StatusDetail] {
    guard let status = try? GoogleRPC.Status(decoding: bytes) else { return [] }
    return status.details.map { StatusDetail(typeURL: $0.typeUrl, value: $0.value) }
  }
}
