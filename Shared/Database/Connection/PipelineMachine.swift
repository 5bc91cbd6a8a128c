import DequeModule

/// Pairs the replies on a pipelined connection with the groups that were sent, first to first.
///
/// A group is commands up to a Sync. Its outcome is known only at the Sync, where its implicit transaction commits: a
/// deferred constraint fails there, after all its commands have succeeded.
struct PipelineMachine<Output, Tag> {
  /// A command that was sent; each is answered once.
  enum Command {
    /// Its answer is of no interest.
    case plain
    /// Its answer belongs to the outcome.
    case output
    /// Prepares the statement of this tag.
    case prepare(Tag)
    /// Runs the prepared statement of this tag; its answer belongs to the outcome.
    case run(Tag)
  }

  enum Reply {
    case output(Output)
    case failed(ServerError)
    /// Not run, because an earlier command of its group failed.
    case skipped
    /// The end of one command's answers.
    case commandEnded
    case synced
  }

  struct End {
    let result: Result<[Output], ServerError>
    /// Statements that were not prepared.
    var unprepared: [Tag] = []
    /// Statements that are prepared, but have to be prepared anew.
    var stale: [Tag] = []
  }

  enum Action {
    case none
    /// The oldest group ended.
    case end(End)
    /// The replies do not fit the groups, or the server ends the session: close the connection.
    case broken(ServerError?)
  }

  private struct Group {
    let commands: [Command]
    var answered = 0
    var outputs: [Output] = []
    var error: ServerError?
    var unprepared: [Tag] = []
    var stale: [Tag] = []
  }

  private var groups: Deque<Group> = []
  private var emptyAnswers = 0

  init() {}

  var isEmpty: Bool { groups.isEmpty }

  /// A group was sent, its Sync included.
  mutating func sent(_ commands: [Command]) {
    groups.append(Group(commands: commands))
  }

  mutating func received(_ reply: Reply) -> Action {
    guard !groups.isEmpty else { return .broken(nil) }
    if case .commandEnded = reply {
      emptyAnswers += 1
      // One ends each command. Several in a row mean that libpq waits for nothing, while we wait for an answer.
      return emptyAnswers > 2 ? .broken(nil) : .none
    }
    emptyAnswers = 0
    switch reply {
    case .commandEnded: return .none
    case .output(let output): return answered(output)
    case .failed(let error):
      if error.isFatal { return .broken(error) }
      return failed(error)
    case .skipped: return failed(nil)
    case .synced: return ended()
    }
  }

  private mutating func answered(_ output: Output) -> Action {
    let position = groups[0].answered
    guard position < groups[0].commands.count else { return .broken(nil) }
    groups[0].answered += 1
    switch groups[0].commands[position] {
    case .plain, .prepare: break
    case .output, .run: groups[0].outputs.append(output)
    }
    return .none
  }

  private mutating func failed(_ error: ServerError?) -> Action {
    let position = groups[0].answered
    if groups[0].error == nil { groups[0].error = error }
    // Past the last command it is the Sync itself, the commit, that failed.
    guard position < groups[0].commands.count else { return .none }
    groups[0].answered += 1
    switch groups[0].commands[position] {
    case .prepare(let tag): groups[0].unprepared.append(tag)
    case .run(let tag): if error?.isStaleStatement == true { groups[0].stale.append(tag) }
    case .plain, .output: break
    }
    return .none
  }

  private mutating func ended() -> Action {
    let group = groups.removeFirst()
    if let error = group.error {
      return .end(End(result: .failure(error), unprepared: group.unprepared, stale: group.stale))
    }
    guard group.answered == group.commands.count else { return .broken(nil) }
    return .end(End(result: .success(group.outputs)))
  }

  /// The connection is lost: per group, oldest first, the error with which the server had already refused it, or nil
  /// when it is in doubt.
  mutating func lost() -> [ServerError?] {
    defer { groups = [] }
    return groups.map(\.error)
  }
}
