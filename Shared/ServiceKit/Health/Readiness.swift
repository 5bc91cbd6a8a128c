import Synchronization

/// Something that a process needs in order to serve.
package protocol ReadinessCheck: Sendable {
  /// Why calls could not be served now, in a sentence; nil when they could.
  func objection() async -> String?
}

/// Whether the process wants calls now.
package final class Readiness: Sendable {
  /// How far the process is.
  package enum Phase: String, Sendable, Hashable {
    /// Not yet.
    case starting
    /// Wants calls.
    case ready
    /// Lets running calls end and takes no more.
    case draining
  }

  /// How long the checks' answers are good for, and how long a check may take.
  package static let freshness = Duration.seconds(2)

  private let time: any TimeSource
  private let state = Mutex(State())

  private struct State {
    var phase = Phase.starting
    var checks: [any ReadinessCheck] = []
    var known: (at: ContinuousClock.Instant, objection: String?)?
  }

  /// A process that starts.
  package init(time: any TimeSource) {
    self.time = time
  }

  /// How far the process is.
  package var phase: Phase {
    state.withLock { $0.phase }
  }

  /// Moves on. Nothing follows on draining.
  package func enter(_ phase: Phase) {
    state.withLock { state in
      if state.phase != .draining {
        state.phase = phase
      }
    }
  }

  /// Makes readiness depend on a check.
  package func require(_ check: any ReadinessCheck) {
    state.withLock { $0.checks.append(check) }
  }

  /// Why the process should get no calls; nil when it should.
  package func objection() async -> String? {
    let now = time.monotonic
    let (phase, checks, known) = state.withLock { ($0.phase, $0.checks, $0.known) }
    guard phase == .ready else {
      return "The service is \(phase.rawValue)."
    }
    // Asked often, looks rarely: what asks is not to become a load.
    if let known, now - known.at < Self.freshness {
      return known.objection
    }
    var objection: String?
    for check in checks where objection == nil {
      objection = await answer(of: check)
    }
    state.withLock { [objection] in $0.known = (now, objection) }
    return objection
  }

  private func answer(of check: any ReadinessCheck) async -> String? {
    let time = time
    return await withTaskGroup(of: String?.self) { group in
      group.addTask { await check.objection() }
      group.addTask {
        try? await time.sleep(for: Self.freshness)
        return "A check takes too long."
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }
}
