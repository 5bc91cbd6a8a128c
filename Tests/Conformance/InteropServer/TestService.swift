import RPC
import SampleMessages

/// `grpc.testing.TestService`, by the server features that grpc/doc/interop-test-descriptions.md names.
struct TestService: Sendable {
  private let answers = KeptAnswers()
  private let reports = LoadReports()
  /// The same in all answers of this process.
  private let id = "rapport-\(UInt64.random(in: .min ... .max))"

  /// All methods but `UnimplementedCall`, which nobody serves.
  var router: Router {
    var router = Router()
    router.handle(GRPCTesting.TestService.emptyCall) { request, call in
      call.echoMetadata()
      return request
    }
    router.handle(GRPCTesting.TestService.unaryCall, unary)
    router.handle(GRPCTesting.TestService.cacheableUnaryCall, cacheable)
    router.handle(GRPCTesting.TestService.streamingOutputCall, streamOut)
    router.handle(GRPCTesting.TestService.streamingInputCall, streamIn)
    router.handle(GRPCTesting.TestService.fullDuplexCall, duplex)
    router.handle(GRPCTesting.TestService.halfDuplexCall, halfDuplex)
    router.handle(XdsServiceOrcaV3.OpenRcaService.streamCoreMetrics, reports.stream)
    return router
  }

  private func unary(
    _ request: GRPCTesting.SimpleRequest, _ call: Call
  ) async throws -> GRPCTesting.SimpleResponse {
    call.echoMetadata(report: request.orcaPerQueryReport)
    try call.check(request.expectCompressed)
    try request.responseStatus?.enforce()
    if let wish = request.responseCompressed { call.setResponseCompression(wish.value ? .gzip : .identity) }
    var response = GRPCTesting.SimpleResponse()
    response.payload = try .zeros(request.responseSize, request.responseType)
    if request.fillServerId { response.serverId = id }
    return response
  }

  /// The answer to the same payload stays the same for a while, which is what a cache between us and the client, if
  /// there were one, would make of these headers.
  private func cacheable(
    _ request: GRPCTesting.SimpleRequest, _ call: Call
  ) async throws -> GRPCTesting.SimpleResponse {
    var metadata = Metadata()
    metadata.append("cache-control", "max-age=60, public")
    call.setInitialMetadata(metadata)
    var response = GRPCTesting.SimpleResponse()
    response.payload = GRPCTesting.Payload()
    response.payload?.body = Array(answers.answer(to: request.payload?.body ?? []).utf8)
    return response
  }

  private func streamOut(
    _ request: GRPCTesting.StreamingOutputCallRequest,
    _ responses: ResponseWriter<GRPCTesting.StreamingOutputCallResponse>, _ call: Call
  ) async throws {
    call.echoMetadata()
    try await send(request, responses, call)
    try request.responseStatus?.enforce()
  }

  private func streamIn(
    _ requests: RequestStream<GRPCTesting.StreamingInputCallRequest>, _ call: Call
  ) async throws -> GRPCTesting.StreamingInputCallResponse {
    call.echoMetadata()
    var sum = 0
    for try await request in requests {
      try call.check(request.expectCompressed)
      sum += request.payload?.body.count ?? 0
    }
    var response = GRPCTesting.StreamingInputCallResponse()
    response.aggregatedPayloadSize = Int32(clamping: sum)
    return response
  }

  private func duplex(
    _ requests: RequestStream<GRPCTesting.StreamingOutputCallRequest>,
    _ responses: ResponseWriter<GRPCTesting.StreamingOutputCallResponse>, _ call: Call
  ) async throws {
    call.echoMetadata()
    for try await request in requests {
      try request.responseStatus?.enforce()
      if let report = request.orcaOobReport { reports.set(report) }
      try await send(request, responses, call)
    }
  }

  private func halfDuplex(
    _ requests: RequestStream<GRPCTesting.StreamingOutputCallRequest>,
    _ responses: ResponseWriter<GRPCTesting.StreamingOutputCallResponse>, _ call: Call
  ) async throws {
    call.echoMetadata()
    var waiting: [GRPCTesting.StreamingOutputCallRequest] = []
    for try await request in requests { waiting.append(request) }
    for request in waiting { try await send(request, responses, call) }
  }

  /// Sends the responses that a request lists.
  private func send(
    _ request: GRPCTesting.StreamingOutputCallRequest,
    _ responses: ResponseWriter<GRPCTesting.StreamingOutputCallResponse>, _ call: Call
  ) async throws {
    for parameters in request.responseParameters {
      var response = GRPCTesting.StreamingOutputCallResponse()
      response.payload = try .zeros(parameters.size, request.responseType)
      // The head that goes before the first message names the encoding, for those to come too.
      if parameters.compressed != nil { call.setResponseCompression(.gzip) }
      if parameters.intervalUs > 0 { try await Task.sleep(for: .microseconds(Int64(parameters.intervalUs))) }
      try await responses.send(response, isCompressible: parameters.compressed?.value ?? false)
    }
  }
}
