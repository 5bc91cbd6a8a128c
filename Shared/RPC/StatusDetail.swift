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
  /// As many violations as travel in 3,000 bytes, at least one.
  init(_ violations: [RPC.FieldViolation]) {
    self.init()
    var size = 0
    for violation in violations {
      size += violation.field.utf8.count + violation.description.utf8.count + 8
      if size > 3_000 && !fieldViolations.isEmpty { return }
      var entry = FieldViolation()
      entry.field = violation.field
      entry.description = violation.description
      fieldViolations.append(entry)
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
  /// Clients refuse header lists above 8 KiB; base64 makes four bytes of three.
  private static let maxSize = 4_096

  /// - Returns: nil when there are none; the last are left out when all would be larger than clients take.
  static func encode(_ error: RPCError) -> [UInt8]? {
    if let encoded = error.encodedDetails { return encoded }
    var details = error.details
    while !details.isEmpty {
      if let encoded = try? status(error, details).encoded(), encoded.count <= maxSize { return encoded }
      details.removeLast()
    }
    return nil
  }

  /// The details, none when the bytes are no status.
  static func decode(_ bytes: [UInt8]) -> [StatusDetail] {
    guard let status = try? GoogleRPC.Status(decoding: bytes) else { return [] }
    return status.details.map { StatusDetail(typeURL: $0.typeUrl, value: $0.value) }
  }

  private static func status(_ error: RPCError, _ details: [StatusDetail]) -> GoogleRPC.Status {
    var status = GoogleRPC.Status()
    status.code = Int32(truncatingIfNeeded: error.code.rawValue)
    status.message = error.wireMessage
    status.details = details.map { detail in
      var any = GoogleProtobuf.AnyMessage()
      any.typeUrl = detail.typeURL
      any.value = detail.value
      return any
    }
    return status
  }
}

extension RPCError {
  /// The message as it travels: 1,000 characters at most, for the same reason.
  var wireMessage: String {
    message.utf8.count <= 1_000 ? message : String(message.prefix(1_000)) + "…"
  }
}
