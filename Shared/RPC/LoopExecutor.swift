import NIOCore

/// Runs the tasks of one event loop's calls on that loop, and the turns of its connections after them.
///
/// A turn is what a connection does at the end of a burst of events: send everything at once. So the answers of all
/// handlers that ran since the last read leave in one write.
final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop
  private let state: NIOLoopBoundBox<State>

  private struct State {
    var jobs: [UnownedJob] = []
    var running: [UnownedJob] = []
    var connections: [HTTP2Connection] = []
    var isScheduled = false
  }

  init(loop: any EventLoop) {
    self.loop = loop
    state = .makeBoxSendingValue(State(), eventLoop: loop)
  }

  /// Called by the Swift runtime from any thread.
  func enqueue(_ job: consuming ExecutorJob) {
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

/// The executors of a group's loops, one a loop.
struct LoopExecutors: Sendable {
  private let executors: [ObjectIdentifier: LoopExecutor]

  init(_ group: some EventLoopGroup) {
    var executors: [ObjectIdentifier: LoopExecutor] = [:]
    for loop in group.makeIterator() { executors[ObjectIdentifier(loop)] = LoopExecutor(loop: loop) }
    self.executors = executors
  }

  /// The executor of one of the group's loops; a new one for a foreign loop.
  func executor(of loop: any EventLoop) -> LoopExecutor {
    executors[ObjectIdentifier(loop)] ?? LoopExecutor(loop: loop)
  }
}
