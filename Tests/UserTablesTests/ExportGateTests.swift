import RPC
import ServiceKitTesting
import Testing

@testable import UserTables

@Suite("The gate before exports")
struct ExportGateTests {
  /// Runs exports, each within the one before.
  private func enter(_ gate: ExportGate, times: Int) async throws {
    if times == 0 { return }
    try await gate.run({ _ in }, { _ in try await enter(gate, times: times - 1) })
  }

  @Test("refuses one more than may run, and lets it in when another has ended")
  func limit() async throws {
    let gate = ExportGate(time: ManualTime())
    try await enter(gate, times: ExportGate.mostAtOnce)
    let refusal = await #expect(throws: RPCError.self) { try await enter(gate, times: ExportGate.mostAtOnce + 1) }
    #expect(refusal?.code == .resourceExhausted && refusal?.reason == "TOO_MANY_EXPORTS")
    try await enter(gate, times: ExportGate.mostAtOnce)
  }

  @Test("gives up a reader who takes a little at a time, however often, and no other")
  func slowReader() async throws {
    let time = ManualTime()
    let gate = ExportGate(time: time)
    let refusal = await #expect(throws: RPCError.self) {
      try await gate.run { _ in
        time.advance(by: .seconds(59))
      } _: { send in
        for _ in 0..<10 { try await send([UInt8](repeating: 0, count: 1_000)) }
      }
    }
    #expect(refusal?.code == .deadlineExceeded && refusal?.reason == "EXPORT_READ_TOO_SLOWLY")
    // Nor does it wait for one who takes nothing.
    async let stalled = #expect(throws: RPCError.self) {
      try await gate.run { _ in
        try await Task.sleep(for: .seconds(86_400))
      } _: {
        try await $0([0])
      }
    }
    await time.untilSleeping()
    time.advance(by: ExportGate.patience + .seconds(1))
    #expect(await stalled?.reason == "EXPORT_READ_TOO_SLOWLY")
    // A line of 128 KiB a second is slow, but it goes on.
    try await gate.run { _ in
      time.advance(by: .seconds(2))
    } _: { send in
      for _ in 0..<100 { try await send([UInt8](repeating: 0, count: 256 << 10)) }
    }
  }
}
