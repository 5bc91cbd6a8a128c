import CNghttp2
import NIOCore

/// One end of an HTTP/2 connection: the only place that knows nghttp2.
///
/// It turns received bytes into ``Event``s and what is submitted into bytes to send; it does no I/O. nghttp2's
/// callbacks only record: nothing that they do calls back into `receive` or `transmit`. Not Sendable: it belongs to
/// one event loop. The session pointer never leaves this file.
final class HTTP2Session {
  /// What the peer did, or what became of what we sent, in order.
  enum Event: Equatable {
    /// A whole header block; its fields are those of ``HTTP2Session/headers`` in the range. `isTruncated` when it
    /// was larger than the settings allow: then only the first fields are there.
    case headers(stream: Int32, fields: Range<Int>, endsStream: Bool, isTruncated: Bool)
    /// Bytes of a DATA frame: where they lie in what was given to `receive`.
    case data(stream: Int32, offset: Int, count: Int)
    /// The peer's side of the stream has ended, after its last DATA frame.
    case ended(stream: Int32)
    /// Both sides have ended, or one reset the stream.
    case closed(stream: Int32, error: HTTP2ErrorCode)
    /// The frame that ends our side has gone into the output.
    case sentEnd(stream: Int32)
    /// A header block of ours, other than a request's, cannot be sent: it is larger than HTTP/2 libraries bear.
    case notSent(stream: Int32)
    /// The request's header block has gone into the output (client).
    case sentRequest(stream: Int32)
    /// So much of the stream's output has gone that less than ``Settings/outgoingBuffer`` waits.
    case drained(stream: Int32)
    case ping(isAcknowledgement: Bool, opaque: UInt64)
    case settings(isAcknowledgement: Bool)
    /// A GOAWAY of ours has gone into the output.
    case sentGoAway
    /// The peer takes no stream above `last` any more (RFC 9113 §6.8). ``HTTP2Session/goAwayDebug`` may tell why.
    case goAway(last: Int32, error: HTTP2ErrorCode)
  }

  enum Role { case client, server }

  /// What this end announces and bears.
  struct Settings {
    var maxConcurrentStreams: Int = 256
    var maxHeaderListSize: Int = 16 << 10
    var streamWindow: Int = 256 << 10
    var connectionWindow: Int = 4 << 20
    var outgoingBuffer: Int = 64 << 10
    var resetBurst: Int = 1_000
    var resetRate: Int = 100
  }

  /// A failure of the whole connection.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let code: Int32
    var description: String { "HTTP/2: " + String(cString: nghttp2_strerror(code)) }
  }

  /// The bytes of a stream that may wait before its senders should.
  var outgoingBuffer: Int { settings.outgoingBuffer }

  /// The fields of all header blocks that the recorded events speak of.
  private(set) var headers = HeaderBlock()
  /// DATA frames that went.
  private(set) var sentDataFrames = 0
  /// The bytes of all streams that wait for the peer's windows.
  private(set) var waiting = 0
  /// What the peer's GOAWAY says beside its code, at most 256 bytes. Not in the event: events are many, and plain values.
  private(set) var goAwayDebug = ""
  /// What happened since ``discardEvents()``.
  private(set) var events: [Event] = []

  private let pointer: OpaquePointer
  private let settings: Settings
  private var outboxes = StreamTable<Outbox>()
  private var spareOutboxes: [Outbox] = []
  private var output = ByteBuffer()
  private var receiveBase: UnsafeRawPointer?
  private var block = IncomingBlock()
  private var emptyFrames = 0
  private var invalidFrames = 0
  private var nameValues: [nghttp2_nv] = []

  /// The header block that is being received.
  private struct IncomingBlock {
    var isOpen = false
    var firstField = 0
    var size = 0
    var isTruncated = false
  }

  /// - Throws: ``Failure`` when memory is short.
  init(_ role: Role, settings: Settings) throws {
    self.settings = settings
    var callbacks: OpaquePointer?
    var option: OpaquePointer?
    try Self.check(nghttp2_session_callbacks_new(&callbacks))
    defer { nghttp2_session_callbacks_del(callbacks) }
    try Self.check(nghttp2_option_new(&option))
    defer { nghttp2_option_del(option) }
    Self.setCallbacks(callbacks)
    Self.setLimits(option, settings)
    let allocation = SessionPointer()
    pointer = try allocation.make(role, callbacks, option)
    nghttp2_session_set_user_data(pointer, Unmanaged.passUnretained(self).toOpaque())
    try submitSettings(role)
  }

  deinit {
    nghttp2_session_del(pointer)
  }
}

/// Makes the session before `self` exists.
private struct SessionPointer {
  func make(_ role: HTTP2Session.Role, _ callbacks: OpaquePointer?, _ option: OpaquePointer?) throws -> OpaquePointer {
    var session: OpaquePointer?
    let code =
      switch role {
      case .client: nghttp2_session_client_new2(&session, callbacks, nil, option)
      case .server: nghttp2_session_server_new2(&session, callbacks, nil, option)
      }
    guard code == 0, let session else { throw HTTP2Session.Failure(code: code) }
    return session
  }
}

// MARK: - In

extension HTTP2Session {
  /// Takes bytes from the peer and records what they mean.
  ///
  /// - Throws: ``Failure``: the connection is beyond repair; what `transmit` still gives is a GOAWAY at most.
  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    receiveBase = bytes.baseAddress
    defer { receiveBase = nil }
    let count = nghttp2_session_mem_recv(pointer, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    if count < 0 { throw Failure(code: Int32(count)) }
  }

  /// Forgets the recorded events, which have been acted upon, and the header fields that they speak of.
  func discardEvents() {
    events.removeAll(keepingCapacity: true)
    // A block may have begun whose rest comes with the next bytes.
    headers.removeFirst(block.isOpen ? block.firstField : headers.fields.count)
    block.firstField = 0
  }

  /// Lets the peer send so many more bytes on the connection.
  func openConnectionWindow(_ count: Int) {
    nghttp2_session_consume_connection(pointer, count)
  }

  /// Lets the peer send so many more bytes on a stream; without effect when the stream is gone.
  func openStreamWindow(_ stream: Int32, _ count: Int) {
    nghttp2_session_consume_stream(pointer, stream, count)
  }

  /// Whether the session waits for anything from the peer.
  var wantsToReceive: Bool { nghttp2_session_want_read(pointer) != 0 }
}

// MARK: - Out

extension HTTP2Session {
  /// Opens a stream (client). Its body may follow by `send` and must be ended by `end`.
  ///
  /// - Throws: ``Failure``: the connection takes no streams any more.
  func request(_ headers: HeaderBlock) throws -> Int32 {
    var provider = Self.dataProvider
    let stream = withNameValues(headers) {
      nghttp2_submit_request(pointer, nil, $0, $1, &provider, nil)
    }
    if stream < 0 { throw Failure(code: stream) }
    outboxes.insert(takeOutbox(), for: stream)
    return stream
  }

  /// Answers a stream with a header block that ends it.
  func respondAndEnd(_ stream: Int32, _ headers: HeaderBlock) {
    _ = withNameValues(headers) { nghttp2_submit_response(pointer, stream, $0, $1, nil) }
  }

  /// Answers a stream with a header block; a body may follow by `send`, and `end` must.
  func respond(_ stream: Int32, _ headers: HeaderBlock) {
    guard outboxes[stream] == nil else { return }
    var provider = Self.dataProvider
    let code = withNameValues(headers) { nghttp2_submit_response(pointer, stream, $0, $1, &provider) }
    if code == 0 { outboxes.insert(takeOutbox(), for: stream) }
  }

  /// Adds a message to the stream's body; without effect when the stream is gone.
  ///
  /// - Returns: the bytes of the stream that wait now.
  @discardableResult
  func send(_ stream: Int32, _ message: FramedMessage) -> Int {
    guard let outbox = outboxes[stream], !outbox.isEnded else { return 0 }
    outbox.append(message)
    waiting += message.count
    if outbox.waiting >= settings.outgoingBuffer { outbox.isAboveBound = true }
    resume(stream, outbox)
    return outbox.waiting
  }

  /// Ends our side of the stream after what waits, with a last header block or without one.
  func end(_ stream: Int32, trailers: HeaderBlock? = nil) {
    guard let outbox = outboxes[stream], !outbox.isEnded else { return }
    outbox.isEnded = true
    outbox.trailers = trailers
    resume(stream, outbox)
  }

  /// The bytes of the stream that wait for the peer's window.
  func waiting(_ stream: Int32) -> Int { outboxes[stream]?.waiting ?? 0 }

  /// Resets a stream. What waits of it is dropped; without effect when the stream is gone.
  func reset(_ stream: Int32, _ error: HTTP2ErrorCode) {
    guard outboxes[stream] != nil || nghttp2_session_find_stream(pointer, stream) != nil else { return }
    nghttp2_submit_rst_stream(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, error.rawValue)
  }

  /// Tells a peer that still sends on a stream, whose answer is complete, to stop, without an error (RFC 9113 §8.1).
  func stopReceiving(_ stream: Int32) {
    if nghttp2_session_get_stream_remote_close(pointer, stream) == 0 { reset(stream, .noError) }
  }

  /// Gives up what is unsent of a request whose response is complete.
  func stopSending(_ stream: Int32) {
    if nghttp2_session_get_stream_local_close(pointer, stream) == 0 { reset(stream, .noError) }
  }

  func ping(_ opaque: UInt64) {
    withUnsafeBytes(of: opaque.bigEndian) { bytes in
      _ = nghttp2_submit_ping(
        pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes.bindMemory(to: UInt8.self).baseAddress)
    }
  }

  /// Tells the peer that a GOAWAY will follow; every stream is still accepted (RFC 9113 §6.8).
  func announceShutdown() {
    nghttp2_submit_shutdown_notice(pointer)
  }

  /// Tells the peer that streams above the last one seen are not taken; those below go on.
  func goAway(_ error: HTTP2ErrorCode, debug: String = "") {
    let last = nghttp2_session_get_last_proc_stream_id(pointer)
    let debug = Array(debug.utf8)
    nghttp2_submit_goaway(
      pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, error.rawValue, debug, debug.count)
  }

  /// Whether there is anything to send that the peer's windows allow.
  var wantsToSend: Bool { nghttp2_session_want_write(pointer) != 0 }

  /// Appends frames that are ready to `buffer`, until it has `bound` bytes or there are no more.
  ///
  /// - Throws: ``Failure``: the connection is beyond repair.
  func transmit(into buffer: inout ByteBuffer, bound: Int) throws {
    swap(&buffer, &output)
    defer { swap(&buffer, &output) }
    while output.readableBytes < bound {
      var bytes: UnsafePointer<UInt8>?
      let before = output.readableBytes
      let count = nghttp2_session_mem_send(pointer, &bytes)
      if count < 0 { throw Failure(code: Int32(count)) }
      if count == 0 && output.readableBytes == before { return }
      output.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }

  private func resume(_ stream: Int32, _ outbox: Outbox) {
    guard outbox.isDeferred else { return }
    outbox.isDeferred = false
    nghttp2_session_resume_data(pointer, stream)
  }

  /// For the next stream. A connection without any keeps fewer: as many as a client usually has calls under way, for all
  /// of them may end at once.
  private func keepSpare(_ outbox: Outbox) {
    if spareOutboxes.count < 128 { spareOutboxes.append(outbox) }
    if outboxes.count == 0, spareOutboxes.count > 32 { spareOutboxes.removeSubrange(32...) }
  }

  private func takeOutbox() -> Outbox {
    spareOutboxes.popLast() ?? Outbox()
  }

  /// Whether to keep a field out of HPACK's table (RFC 7541 §6.2.3), where it would push out what comes again.
  private static func changesEachTime(_ field: HeaderBlock.Field, _ headers: HeaderBlock) -> Bool {
    headers.has(field, named: "x-request-id") || headers.has(field, named: "grpc-timeout")
  }

  private func withNameValues<Result>(
    _ headers: HeaderBlock, _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
  ) -> Result {
    headers.bytes.withUnsafeBufferPointer { bytes in
      // nghttp2 reads only; its struct says otherwise for callers that let it.
      let base = UnsafeMutablePointer(mutating: bytes.baseAddress)
      for field in headers.fields {
        let flags = Self.changesEachTime(field, headers) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
        nameValues.append(
          nghttp2_nv(
            name: base?.advanced(by: field.name.lowerBound), value: base?.advanced(by: field.value.lowerBound),
            namelen: field.name.count, valuelen: field.value.count, flags: UInt8(flags.rawValue)))
      }
      defer { nameValues.removeAll(keepingCapacity: true) }
      return nameValues.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
  }
}

// MARK: - Set-up

extension HTTP2Session {
  private static func check(_ code: Int32) throws {
    if code != 0 { throw Failure(code: code) }
  }

  /// The limits against floods; those not named here are nghttp2's own and fit (1,000 unsent acknowledgements,
  /// 32 settings a frame, 8 CONTINUATION frames a block).
  private static func setLimits(_ option: OpaquePointer?, _ settings: Settings) {
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_stream_reset_rate_limit(option, UInt64(settings.resetBurst), UInt64(settings.resetRate))
    nghttp2_option_set_max_outbound_ack(option, 1_000)
    nghttp2_option_set_max_settings(option, 32)
    nghttp2_option_set_max_continuations(option, 8)
    nghttp2_option_set_no_closed_streams(option, 1)
  }

  private func submitSettings(_ role: Role) throws {
    var entries = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(settings.streamWindow)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(settings.maxHeaderListSize)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: UInt32(settings.maxConcurrentStreams)),
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
    ]
    if role == .client {
      entries.append(nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
    }
    try Self.check(
      nghttp2_submit_settings(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count))
    try Self.check(
      nghttp2_session_set_local_window_size(
        pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(settings.connectionWindow)))
  }

  private static func setCallbacks(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, _, user in
      HTTP2Session.from(user) { $0.headersBegan() }
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameCount, value, valueCount, _, user in
      HTTP2Session.from(user) {
        $0.headerCame(
          UnsafeBufferPointer(start: name, count: nameCount), UnsafeBufferPointer(start: value, count: valueCount))
      }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, user in
      HTTP2Session.from(user) { $0.dataCame(stream, bytes, count) }
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      HTTP2Session.from(user) { session in frame.map { session.frameCame($0.pointee) } ?? 0 }
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, user in
      HTTP2Session.from(user) { $0.countInvalidFrame() }
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
      HTTP2Session.from(user) { session in frame.map { session.frameWent($0.pointee) } ?? 0 }
    }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, user in
      HTTP2Session.from(user) { session in frame.map { session.frameFailed($0.pointee) } ?? 0 }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, error, user in
      HTTP2Session.from(user) { $0.streamClosed(stream, error) }
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, count, _, user in
      HTTP2Session.from(user) { session in
        guard let frame, let header else { return 0 }
        return session.sendData(frame.pointee.hd.stream_id, header, count)
      }
    }
  }

  /// nghttp2 asks here how much of a stream's body there is.
  private static var dataProvider: nghttp2_data_provider {
    nghttp2_data_provider(source: nghttp2_data_source()) { _, stream, _, bound, flags, _, user in
      guard let user, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
      return Unmanaged<HTTP2Session>.fromOpaque(user).takeUnretainedValue().announceData(stream, bound, &flags.pointee)
    }
  }

  private static func from(_ user: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Int32) -> Int32 {
    guard let user else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    return body(Unmanaged<HTTP2Session>.fromOpaque(user).takeUnretainedValue())
  }
}

// MARK: - What nghttp2 tells

extension HTTP2Session {
  private func headersBegan() -> Int32 {
    block = IncomingBlock(isOpen: true, firstField: headers.fields.count)
    return 0
  }

  /// Counts as RFC 9113 §6.5.2 says: 32 bytes a field beside its text.
  private func headerCame(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Int32 {
    block.size += name.count + value.count + 32
    if block.size > settings.maxHeaderListSize {
      block.isTruncated = true
    } else {
      headers.append(name, value)
    }
    return 0
  }

  private func dataCame(_ stream: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let bytes, let receiveBase else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    events.append(.data(stream: stream, offset: UnsafeRawPointer(bytes) - receiveBase, count: count))
    return 0
  }

  private func frameCame(_ frame: nghttp2_frame) -> Int32 {
    let header = frame.hd
    let stream = header.stream_id
    let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    let isAcknowledgement = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
      events.append(
        .headers(
          stream: stream, fields: block.firstField..<headers.fields.count, endsStream: endsStream,
          isTruncated: block.isTruncated))
      block.isOpen = false
      if endsStream { events.append(.ended(stream: stream)) }
    case NGHTTP2_DATA.rawValue:
      if endsStream { events.append(.ended(stream: stream)) }
      return countEmptyFrame(header.length == 0 && !endsStream)
    case NGHTTP2_PING.rawValue:
      events.append(.ping(isAcknowledgement: isAcknowledgement, opaque: Self.opaque(frame.ping)))
    case NGHTTP2_SETTINGS.rawValue:
      events.append(.settings(isAcknowledgement: isAcknowledgement))
    case NGHTTP2_GOAWAY.rawValue:
      goAwayCame(frame.goaway)
    default: break
    }
    return 0
  }

  /// A DATA frame with nothing in it costs its sender no window; a thousand in a row are an attack (CVE-2019-9518).
  private func countEmptyFrame(_ isEmpty: Bool) -> Int32 {
    emptyFrames = isEmpty ? emptyFrames + 1 : 0
    return emptyFrames > 1_000 ? NGHTTP2_ERR_CALLBACK_FAILURE.rawValue : 0
  }

  /// Frames that break a rule of their stream make us reset it, which no limit of the peer's resets counts: as many as
  /// resets are an attack (CVE-2025-8671).
  private func countInvalidFrame() -> Int32 {
    invalidFrames += 1
    return invalidFrames > settings.resetBurst ? NGHTTP2_ERR_CALLBACK_FAILURE.rawValue : 0
  }

  private static func opaque(_ ping: nghttp2_ping) -> UInt64 {
    withUnsafeBytes(of: ping.opaque_data) { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
  }

  private func goAwayCame(_ frame: nghttp2_goaway) {
    let debug = UnsafeBufferPointer(start: frame.opaque_data, count: min(frame.opaque_data_len, 256))
    goAwayDebug = String(decoding: debug, as: UTF8.self)
    events.append(.goAway(last: frame.last_stream_id, error: HTTP2ErrorCode(rawValue: frame.error_code)))
  }

  private func frameWent(_ frame: nghttp2_frame) -> Int32 {
    let header = frame.hd
    let type = UInt32(header.type)
    if type == NGHTTP2_GOAWAY.rawValue { events.append(.sentGoAway) }
    if type == NGHTTP2_HEADERS.rawValue && frame.headers.cat == NGHTTP2_HCAT_REQUEST {
      events.append(.sentRequest(stream: header.stream_id))
    }
    if type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue,
      header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    {
      events.append(.sentEnd(stream: header.stream_id))
    }
    return 0
  }

  /// A request's stream is closed by nghttp2 itself, which shows as `closed`.
  private func frameFailed(_ frame: nghttp2_frame) -> Int32 {
    if UInt32(frame.hd.type) == NGHTTP2_HEADERS.rawValue && frame.headers.cat != NGHTTP2_HCAT_REQUEST {
      events.append(.notSent(stream: frame.hd.stream_id))
    }
    return 0
  }

  private func streamClosed(_ stream: Int32, _ error: UInt32) -> Int32 {
    if let outbox = outboxes.remove(stream) {
      waiting -= outbox.waiting
      outbox.reset()
      keepSpare(outbox)
    }
    events.append(.closed(stream: stream, error: HTTP2ErrorCode(rawValue: error)))
    return 0
  }

  private func announceData(_ stream: Int32, _ bound: Int, _ flags: inout UInt32) -> Int {
    guard let outbox = outboxes[stream] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    guard outbox.waiting > 0 || outbox.isEnded else {
      outbox.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    let count = min(bound, outbox.waiting)
    flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    if outbox.isEnded && count == outbox.waiting {
      flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
      if let trailers = outbox.trailers {
        flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        _ = withNameValues(trailers) { nghttp2_submit_trailer(pointer, stream, $0, $1) }
      }
    }
    return count
  }

  /// Writes a DATA frame: its header as nghttp2 made it, its body straight from the outbox.
  private func sendData(_ stream: Int32, _ header: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    guard let outbox = outboxes[stream] else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
    output.writeBytes(UnsafeRawBufferPointer(start: header, count: 9))
    outbox.take(count, into: &output)
    waiting -= count
    sentDataFrames += 1
    if outbox.isAboveBound && outbox.waiting < settings.outgoingBuffer {
      outbox.isAboveBound = false
      events.append(.drained(stream: stream))
    }
    return 0
  }
}
