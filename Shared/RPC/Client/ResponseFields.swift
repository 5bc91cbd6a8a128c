/// What a response's header block says: the head, the trailers, or both in one
/// (grpc/doc/PROTOCOL-HTTP2.md, "Responses").
struct ResponseFields {
  private(set) var httpStatus: Int?
  private(set) var isGRPC = false
  private(set) var encoding: Compression? = .identity
  private(set) var metadata = Metadata()
  private var code: StatusCode?
  private var message = ""
  private var details: [UInt8]?

  init(_ headers: HeaderBlock, _ range: Range<Int>) {
    for field in headers.fields[range] { read(field, headers) }
  }

  var isInformational: Bool { httpStatus.map { (100..<200).contains($0) } ?? false }

  /// Why this is no head of a gRPC response; nil when it is one.
  var refusal: RPCError? {
    if let httpStatus, httpStatus != 200 {
      return RPCError(StatusCode(httpStatus: httpStatus), "The server answered with HTTP status \(httpStatus).")
    }
    if !isGRPC { return RPCError(.unknown, "The server answered with something else than gRPC.") }
    if encoding == nil { return RPCError(.internal, "The server compresses in a way that was not asked for.") }
    return nil
  }

  /// How the call ended: nil for OK.
  var outcome: RPCError? {
    guard let code else { return refusal ?? RPCError(.unknown, "The server ended the call without a status.") }
    if code == .ok { return nil }
    var error = RPCError(
      code: code, message: message, details: details.map(StatusDetails.decode) ?? [], metadata: metadata)
    error.encodedDetails = details
    return error
  }

  private mutating func read(_ field: HeaderBlock.Field, _ headers: HeaderBlock) {
    let value = headers.bytes[field.value]
    if headers.has(field, named: ":status") {
      httpStatus = headers.hasValue(field, "200") ? 200 : Int(headers.value(field))
    } else if headers.has(field, named: "content-type") {
      isGRPC = value.starts(with: "application/grpc".utf8)
    } else if headers.has(field, named: "grpc-status") {
      code = headers.hasValue(field, "0") ? .ok : Int(headers.value(field)).map(StatusCode.init(rawValue:)) ?? .unknown
    } else if headers.has(field, named: "grpc-message") {
      message = PercentEncoding.decode(value)
    } else if headers.has(field, named: "grpc-status-details-bin") {
      details = Base64.decode(value)
    } else if headers.has(field, named: "grpc-encoding") {
      encoding = Compression(rawValue: headers.value(field))
    } else {
      metadata.appendIfCustom(field, of: headers)
    }
  }
}
