/// What a client does on one connection, good or bad, as a fuzzer's input tells.
///
/// Random bytes seldom are frames, and hardly ever a call. So an input is either the client's bytes as they are, or a
/// list of steps that are mostly well-formed.
struct SessionScript {
  /// What an input's first byte says.
  struct Flags {
    let byte: UInt8

    /// Whether the rest is the client's bytes, or steps.
    var isRaw: Bool { byte & 1 != 0 }
    /// Whether a right preface comes before all else.
    var hasPreface: Bool { byte & 2 != 0 }
    /// Whether the server's limits are so small that they are often met.
    var isNarrow: Bool { byte & 4 != 0 }
    /// Whether the server compresses where it may.
    var compresses: Bool { byte & 8 != 0 }
    /// The pieces in which bytes arrive.
    var pieceSize: Int { [Int.max, 1, 7, 300][by: byte >> 4] }
    /// What becomes of the connection at last.
    var end: End { [.close, .timePasses, .drain, .drainAndAbort][by: byte >> 6] }
  }

  enum End {
    case close, timePasses, drain, drainAndAbort
  }

  /// What a step's first byte says.
  enum Step: UInt8, CaseIterable {
    /// Bytes as they are.
    case bytes
    /// A frame of any type with any content.
    case frame
    /// The header block of a request.
    case request
    /// A DATA frame with one of gRPC's messages.
    case message
    /// What was sent arrives, and the server acts.
    case arrival
    /// The server can send no more for a while, or can again.
    case writability
    /// The server is to end.
    case drain
  }

  enum Action {
    case send([UInt8])
    case arrive
    case setWritable(Bool)
    case drain
  }

  let flags: Flags
  private var input: FuzzInput
  private var isStarted = false

  init(_ bytes: [UInt8]) {
    input = FuzzInput(bytes)
    flags = Flags(byte: input.byte())
  }

  /// - Returns: nil at the end.
  mutating func next() -> Action? {
    if !isStarted {
      isStarted = true
      if flags.hasPreface { return .send(HTTP2Bytes.preface) }
    }
    if input.isEmpty { return nil }
    return flags.isRaw ? .send(input.rest()) : step()
  }

  private mutating func step() -> Action {
    switch Step.allCases[by: input.byte()] {
    case .bytes: .send(input.bytes(Int(input.byte())))
    case .frame: .send(frame())
    case .request: .send(request())
    case .message: .send(message())
    case .arrival: .arrive
    case .writability: .setWritable(input.byte() & 1 != 0)
    case .drain: .drain
    }
  }

  private mutating func frame() -> [UInt8] {
    let (type, flags, stream) = (input.byte(), input.byte(), input.byte())
    return HTTP2Bytes.frame(type, flags, stream: UInt32(stream), input.bytes(Int(input.byte())))
  }

  private mutating func request() -> [UInt8] {
    let (stream, path, choices) = (input.byte(), input.byte(), input.byte())
    var headers = HTTP2Bytes.requestHeaders(path: path)
    if choices & 2 != 0 { headers += HTTP2Bytes.header("grpc-encoding", "gzip") }
    if choices & 4 != 0 { headers += HTTP2Bytes.header("grpc-accept-encoding", "identity,gzip") }
    if choices & 8 != 0 { headers += HTTP2Bytes.header("grpc-timeout", text()) }
    if choices & 16 != 0 { headers += HTTP2Bytes.header("x-any", text()) }
    if choices & 32 != 0 { headers += HTTP2Bytes.header("x-any-bin", text()) }
    if choices & 64 != 0 { headers += HTTP2Bytes.header(text(), text()) }
    let endsStream: UInt8 = choices & 1
    return HTTP2Bytes.frame(1, 4 | endsStream, stream: UInt32(stream), headers)
  }

  private mutating func text() -> String {
    String(decoding: input.bytes(Int(input.byte() % 16)), as: UTF8.self)
  }

  private mutating func message() -> [UInt8] {
    let (stream, choices) = (input.byte(), input.byte())
    var content = input.bytes(Int(input.byte()))
    if choices & 2 != 0 { content = [10] + [UInt8(content.count & 0x7F)] + content }
    let length = choices & 4 != 0 ? Int(input.byte()) << 20 : content.count
    return HTTP2Bytes.frame(
      0, choices & 1, stream: UInt32(stream),
      [choices >> 7] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + content)
  }
}

/// HTTP/2 as it stands on the wire (RFC 9113, RFC 7541).
enum HTTP2Bytes {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, stream: 0, [])

  static func frame(_ type: UInt8, _ flags: UInt8, stream: UInt32, _ content: [UInt8]) -> [UInt8] {
    let count = content.count
    return [UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), type, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * $0)) } + content
  }

  /// `:method POST`, `:scheme http`, `:path`, `:authority`, and the rest that gRPC asks for.
  static func requestHeaders(path: UInt8) -> [UInt8] {
    var headers: [UInt8] = [0x83, 0x86, 0x04]
    headers += text(SessionService.paths[by: path])
    headers += [0x01] + text("server")
    return headers + header("te", "trailers") + header("content-type", "application/grpc")
  }

  /// A field that goes into no table.
  static func header(_ name: String, _ value: String) -> [UInt8] { [0] + text(name) + text(value) }

  /// A text of less than 127 bytes.
  private static func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count & 0x7F)] + Array(text.utf8) }
}
