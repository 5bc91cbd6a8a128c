/// How a call ended, in the sixteen canonical codes and `ok` (grpc/doc/statuscodes.md).
public struct StatusCode: RawRepresentable, Sendable, Hashable {
  /// The number on the wire, 0 to 16 for the known codes.
  public let rawValue: Int

  /// A code by its number on the wire; unknown numbers are kept as they came.
  public init(rawValue: Int) {
    self.rawValue = rawValue
  }

  /// The call succeeded.
  public static let ok = StatusCode(rawValue: 0)
  /// The caller gave the call up.
  public static let cancelled = StatusCode(rawValue: 1)
  /// An error without a better code.
  public static let unknown = StatusCode(rawValue: 2)
  /// The request is wrong whatever the state of the system.
  public static let invalidArgument = StatusCode(rawValue: 3)
  /// The deadline passed before the call ended.
  public static let deadlineExceeded = StatusCode(rawValue: 4)
  /// What the request names does not exist, or the caller cannot see it.
  public static let notFound = StatusCode(rawValue: 5)
  /// What the request wants to create is there already.
  public static let alreadyExists = StatusCode(rawValue: 6)
  /// The caller is known and may not do this.
  public static let permissionDenied = StatusCode(rawValue: 7)
  /// A quota or a limit is used up.
  public static let resourceExhausted = StatusCode(rawValue: 8)
  /// The system is not in the state that the call needs.
  public static let failedPrecondition = StatusCode(rawValue: 9)
  /// The call lost against another one; repeat the whole sequence.
  public static let aborted = StatusCode(rawValue: 10)
  /// The request goes past the end of what is there.
  public static let outOfRange = StatusCode(rawValue: 11)
  /// The server does not have the method, or not this use of it.
  public static let unimplemented = StatusCode(rawValue: 12)
  /// An invariant of the system is broken.
  public static let `internal` = StatusCode(rawValue: 13)
  /// The server cannot be reached or does not serve now; try again.
  public static let unavailable = StatusCode(rawValue: 14)
  /// Data was lost for good.
  public static let dataLoss = StatusCode(rawValue: 15)
  /// The caller is not known.
  public static let unauthenticated = StatusCode(rawValue: 16)

  private static let names = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]
}

extension StatusCode: CustomStringConvertible {
  /// The canonical name such as `NOT_FOUND`, or `CODE_99` for a number that is not known.
  public var description: String {
    Self.names.indices.contains(rawValue) ? Self.names[rawValue] : "CODE_\(rawValue)"
  }
}

extension StatusCode {
  /// What a client concludes when the HTTP answer carries no grpc-status (grpc/doc/http-grpc-status-mapping.md).
  init(httpStatus: Int) {
    switch httpStatus {
    case 400: self = .internal
    case 401: self = .unauthenticated
    case 403: self = .permissionDenied
    case 404: self = .unimplemented
    case 429, 502, 503, 504: self = .unavailable
    default: self = .unknown
    }
  }

  /// What a client concludes from a reset stream (grpc/doc/PROTOCOL-HTTP2.md, "Errors").
  init(resetBy error: HTTP2ErrorCode) {
    switch error {
    case .refusedStream: self = .unavailable
    case .cancel: self = .cancelled
    case .enhanceYourCalm: self = .resourceExhausted
    case .inadequateSecurity: self = .permissionDenied
    default: self = .internal
    }
  }
}
