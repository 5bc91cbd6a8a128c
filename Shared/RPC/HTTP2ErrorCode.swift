/// Why a stream or a connection ended (RFC 9113 §7).
struct HTTP2ErrorCode: RawRepresentable, Sendable, Hashable {
  let rawValue: UInt32

  static let noError = HTTP2ErrorCode(rawValue: 0x0)
  static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
  static let internalError = HTTP2ErrorCode(rawValue: 0x2)
  static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
  static let cancel = HTTP2ErrorCode(rawValue: 0x8)
  static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xb)
  static let inadequateSecurity = HTTP2ErrorCode(rawValue: 0xc)
}

extension HTTP2ErrorCode: CustomStringConvertible {
  private static let names = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
  ]

  var description: String {
    Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "ERROR_\(rawValue)"
  }
}
