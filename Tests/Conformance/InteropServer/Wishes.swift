import Messages
import RPC
import SampleMessages

extension Call {
  /// Sends back the metadata that the clients send for it, and the load that they want reported.
  func echoMetadata(report: GRPCTesting.TestOrcaReport? = nil) {
    var initial = Metadata()
    for value in metadata.all("x-grpc-test-echo-initial") { initial.append("x-grpc-test-echo-initial", value) }
    if metadata.first("x-grpc-test-echo-useragent") != nil {
      initial.append("x-grpc-test-echo-useragent", metadata.first("user-agent") ?? "")
    }
    setInitialMetadata(initial)
    var trailing = Metadata()
    for value in metadata.allBytes("x-grpc-test-echo-trailing-bin") {
      trailing.append("x-grpc-test-echo-trailing-bin", bytes: value)
    }
    if let report, let encoded = try? XdsDataOrcaV3.OrcaLoadReport(report).encoded() {
      trailing.append("endpoint-load-metrics-bin", bytes: encoded)
    }
    setTrailingMetadata(trailing)
  }

  /// Refuses a request that did not come as it says.
  func check(_ expectation: GRPCTesting.BoolValue?) throws {
    guard let expectation, expectation.value != isRequestCompressed else { return }
    throw RPCError(
      .invalidArgument,
      "The request says that it is \(expectation.value ? "" : "not ")compressed; it came \(isRequestCompressed ? "" : "un")compressed."
    )
  }
}

extension GRPCTesting.EchoStatus {
  /// Ends the call with this status, unless it is OK.
  func enforce() throws {
    guard code != 0 else { return }
    throw RPCError(code: StatusCode(rawValue: Int(code)), message: message, details: [])
  }
}

extension GRPCTesting.Payload {
  /// As much as a server may be asked for.
  private static let maxSize: Int32 = 64 << 20

  /// A payload of so many zeros.
  static func zeros(_ size: Int32, _ type: GRPCTesting.PayloadType) throws -> Self {
    guard type == .compressable else {
      throw RPCError(.invalidArgument, "There are no payloads of the type \(type).")
    }
    guard (0...maxSize).contains(size) else {
      throw RPCError(.invalidArgument, "A payload has 0 to \(maxSize) bytes, not \(size).")
    }
    var payload = Self()
    payload.body = [UInt8](repeating: 0, count: Int(size))
    return payload
  }
}
