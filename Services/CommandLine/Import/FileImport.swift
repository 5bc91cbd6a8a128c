import Foundation
import Messages
import RPC

/// Sends a file to the suite, and goes on by itself when the connection breaks.
struct FileImport<Kind: ImportKind>: Sendable {
  /// What is imported where.
  enum Goal: Sendable {
    /// A new import into a table; the request id makes its start safe to repeat.
    case begin(table: String, settings: TypeV1.ImportSettings, requestID: String)
    /// One that was interrupted.
    case resume(name: String)
  }

  let goal: Goal
  let file: InputFile
  let session: Session
  /// Waits before another try.
  var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  /// Bytes of the file in one message: large enough that its frame costs nothing, small enough that a slow server is
  /// seen on the progress bar.
  private let chunkSize = 128 << 10

  /// Sends the file.
  ///
  /// - Returns: the import when its last line is settled, or the whole file refused.
  /// - Throws: ``CommandError`` that says how to go on.
  func run() async throws -> Kind.Import {
    var machine = ImportMachine(resuming: resumedName)
    var progress = ProgressBar("Importing \(file.name == "-" ? "standard input" : file.name)", total: file.size)
    defer { progress.finish() }
    var action = machine.next()
    var latest: Kind.Import?
    while true {
      do {
        switch action {
        case .start, .resume:
          latest = try await send(action, &progress)
          action = .finish
        case .ask(let name):
          let found = try await Kind.get(name, in: session)
          latest = found
          action = machine.found(
            isRunning: found.progress?.state == .running, settledBytes: found.progress?.settledBytes ?? 0)
        case .pause(let duration):
          progress.say("the connection broke; trying again in \(Amounts.time(duration + .milliseconds(999)))")
          try await sleep(duration)
          action = machine.next()
        case .finish, .giveUp:
          return try finished(latest)
        }
      } catch let error as RPCError {
        action = try reaction(to: error, of: &machine)
      }
    }
  }

  private var resumedName: String? {
    if case .resume(let name) = goal { name } else { nil }
  }

  private func send(_ action: ImportMachine.Action, _ progress: inout ProgressBar) async throws -> Kind.Import {
    var (first, place) = opening(action)
    try await file.seek(to: place)
    progress.begin(at: place)
    var bar = progress
    defer { progress = bar }
    return try await session.call(Kind.method) { writer in
      try await writer.send(first)
      while let chunk = try await file.chunk(atMost: chunkSize) {
        try await writer.send(Kind.chunk(chunk))
        place += Int64(chunk.count)
        bar.advance(to: place)
      }
      bar.say("\(Amounts.bytes(place)) sent; waiting for the last lines to be settled")
    }
  }

  private func opening(_ action: ImportMachine.Action) -> (Kind.Request, Int64) {
    switch (action, goal) {
    case (.resume(let name, let place), _): (Kind.resume(name), place)
    case (_, .begin(let table, let settings, let requestID)): (Kind.start(in: table, settings, requestID: requestID), 0)
    case (_, .resume(let name)): (Kind.resume(name), 0)
    }
  }

  private func reaction(to error: RPCError, of machine: inout ImportMachine) throws -> ImportMachine.Action {
    if error.code == .alreadyExists, machine.name == nil, let name = error.resource {
      return machine.existsAlready(name: name)
    }
    // The last lines were settled by a call whose answer was lost.
    if error.reason == "IMPORT_ENDED", machine.name != nil { return machine.next() }
    guard error.mayPass else { throw error }
    let action = machine.broke()
    if action == .giveUp { throw interrupted(by: error, name: machine.name) }
    return action
  }

  private func interrupted(by error: RPCError, name: String?) -> CommandError {
    var failure = CommandError(error)
    if let name {
      failure.advice = "What is settled stays. Go on with: rapport \(Kind.command) import --resume \(name) \(file.name)"
    } else if case .begin(_, _, let requestID) = goal {
      failure.advice = "Go on with the same command and --request-id \(requestID)"
    }
    return failure
  }

  private func finished(_ latest: Kind.Import?) throws -> Kind.Import {
    guard let latest else {
      throw CommandError(
        .internal, "The server did not say how the import ended. Ask with rapport \(Kind.command) imports.")
    }
    if latest.progress?.state == .failed {
      throw CommandError(.failedPrecondition, latest.progress?.error ?? "The import failed.", reason: "IMPORT_FAILED")
    }
    return latest
  }
}

extension RPCError {
  /// Whether the same may succeed a little later: the connection, a service or a token has ended, or another call has
  /// not let go of the import yet.
  fileprivate var mayPass: Bool {
    // Whoever has taken the import over sends the file now; two would push each other out for ever.
    guard reason != "IMPORT_TAKEN_OVER" else { return false }
    return [.unavailable, .aborted, .unauthenticated, .cancelled, .internal, .deadlineExceeded].contains(code)
  }
}
