package import NIOCore
import NIOPosix

/// Runs the tasks of one event loop's calls on that loop, and the turns of its connections after them.
///
/// A turn is what a connection does at the end of a burst of events: send everything at once. So the answers of all
/// handlers that ran since the last read leave in one write.
package final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop
  private let state: NIOLoopBoundBox<State>

  private struct State {
    var jobs: [UnownedJob] = []
    var running: [UnownedJob] = []
    var connections: [HTTP2Connection] = []
    var isScheduled = false
  }

  private static let ofThread = ThreadSpecificVariable<LoopExecutor>()

  /// That of the loop which runs on this thread; nil where none does, or none of its connections was made yet.
  package static var current: LoopExecutor? { ofThread.currentValue }

  /// That of a loop, on which this is called. One a loop, so that what a server's call waits for on a client's
  /// connection of the same loop goes on within the same turn.
  static func of(_ loop: any EventLoop) -> LoopExecutor {
    loop.preconditionInEventLoop()
    if let known = ofThread.currentValue, known.loop === loop { return known }
    let executor = LoopExecutor(loop: loop)
    ofThread.currentValue = executor
    return executor
  }

  /// That of a loop, asked for from anywhere: a task that mostly waits for what happens on the loop goes on there without
  /// waking another thread. What takes long does not belong there.
  package static func on(_ loop: any EventLoop) async throws -> LoopExecutor {
    try await loop.submit { of(loop) }.get()
  }

  private init(loop: any EventLoop) {
    self.loop = loop
    state = .makeBoxSendingValue(State(), eventLoop: loop)
  }

  /// Called by the Swift runtime from any thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if loop.inEventLoop {
      add(job)
    } else {
      loop.execute { self.add(job) }
    }
  }

  /// Gives the connection a turn soon; on the loop only.
  func needsTurn(_ connection: HTTP2Connection) {
    state.value.connections.append(connection)
    schedule()
  }

  /// Runs the jobs that wait now, and those that they wake, up to a bound: input and output must go on too.
  func runJobs() {
    var rounds = 4
    while rounds > 0, !state.value.jobs.isEmpty {
      rounds -= 1
      state.withValue { swap(&$0.jobs, &$0.running) }
      for index in 0..<state.value.running.count {
        state.value.running[index].runSynchronously(on: asUnownedTaskExecutor())
      }
      state.value.running.removeAll(keepingCapacity: true)
    }
  }

  private func add(_ job: UnownedJob) {
    state.value.jobs.append(job)
    schedule()
  }

  private func schedule() {
    guard !state.value.isScheduled else { return }
    state.value.isScheduled = true
    loop.execute { self.tick() }
  }

  private func tick() {
    state.value.isScheduled = false
    runJobs()
    let connections = state.withValue { state in
      defer { state.connections.removeAll() }
      return state.connections
    }
    for connection in connections { connection.turn() }
    if !state.value.jobs.isEmpty { schedule() }
  }
}
