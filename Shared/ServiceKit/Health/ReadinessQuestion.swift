import NIOCore
import NIOPosix
import RPC

/// Asks a running process whether it takes calls, as an orchestrator does that can only run a program: its own, so that
/// nothing else need be where it runs.
struct ReadinessQuestion: Sendable {
  /// How long an answer may take: longer than ``Readiness/freshness``, which the process gives its checks.
  static let patience = Duration.seconds(5)

  /// Where the process has its admin pages.
  let admin: HostPort

  /// Why the process takes no calls, in a sentence; nil when it does.
  func objection() async -> String? {
    let answer = await withTaskGroup(of: String?.self) { group in
      group.addTask { try? await ask() }
      group.addTask {
        try? await Task.sleep(for: Self.patience)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    guard let answer else { return "Nothing answers at \(admin)." }
    if answer.hasPrefix("HTTP/1.1 200 ") { return nil }
    return answer.split(separator: "\r\n\r\n", maxSplits: 1).last.map { $0.trimmed } ?? "The answer is empty."
  }

  /// The whole answer of the page.
  private func ask() async throws -> String {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: admin.host, port: admin.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      let request = "GET /readyz HTTP/1.1\r\nhost: \(admin)\r\nconnection: close\r\n\r\n"
      try await outbound.write(ByteBuffer(string: request))
      var answer = ByteBuffer()
      for try await part in inbound { answer.writeImmutableBuffer(part) }
      return String(buffer: answer)
    }
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var text = self
    while text.last?.isNewline == true { text.removeLast() }
    return String(text)
  }
}
