import Messages
import RPC
import Synchronization

/// The importing side of a test: settles whole blocks of bytes, and breaks the call where the test says.
final class ImportServer: Sendable {
  static let table = "entities/b2c/profileTables/customers"
  static let name = "\(table)/imports/7"

  private let state: Mutex<State>

  private struct State {
    /// Bytes that a call takes before it breaks, call by call; the calls after these take everything.
    var breaksAfter: [Int]
    /// Bytes that are settled together.
    var block: Int
    /// What is thrown away with the answer of the last call.
    var losesAnswer: Bool
    var settled: [UInt8] = []
    var importState = TypeV1.ImportState.unspecified
    var starts: [ProfilesV1.ImportProfilesStart] = []
    var settings: TypeV1.ImportSettings?
  }

  init(breaksAfter: [Int] = [], block: Int = 1, losesAnswer: Bool = false) {
    state = Mutex(State(breaksAfter: breaksAfter, block: block, losesAnswer: losesAnswer))
  }

  /// All that was settled.
  var settled: [UInt8] { state.withLock { $0.settled } }

  /// The first messages of the calls that came.
  var starts: [ProfilesV1.ImportProfilesStart] { state.withLock { $0.starts } }

  func register(on router: inout Router) {
    router.handle(ProfilesV1.ProfileService.importProfiles) { requests, _ in try await self.run(requests) }
    router.handle(ProfilesV1.ProfileService.getProfileImport) { request, _ in
      guard request.name == Self.name else { throw RPCError(.notFound, "No import.") }
      return self.message
    }
  }

  private func run(
    _ requests: RequestStream<ProfilesV1.ImportProfilesRequest>
  ) async throws -> ProfilesV1.ProfileImport {
    var iterator = requests.makeAsyncIterator()
    guard case .start(let start)? = try await iterator.next()?.part else {
      throw RPCError(.invalidArgument, "No start.")
    }
    let limit = try begin(start)
    var received: [UInt8] = []
    while let request = try await iterator.next() {
      if case .chunk(let chunk) = request.part { received += chunk }
      if let limit, received.count >= limit {
        settle(received.prefix(limit), isLast: false)
        throw RPCError(.unavailable, "The service has gone away.")
      }
    }
    return try finish(received)
  }

  /// How many bytes this call takes before it breaks.
  private func begin(_ start: ProfilesV1.ImportProfilesStart) throws -> Int? {
    try state.withLock { state in
      state.starts.append(start)
      if start.resume.isEmpty {
        guard state.importState == .unspecified else {
          throw RPCError(.alreadyExists, "Begun before.", reason: "IMPORT_EXISTS", resource: Self.name)
        }
        state.importState = .running
        state.settings = start.settings
      } else if state.importState != .running {
        throw RPCError(.failedPrecondition, "It has ended.", reason: "IMPORT_ENDED", resource: Self.name)
      }
      return state.breaksAfter.isEmpty ? nil : state.breaksAfter.removeFirst()
    }
  }

  private func settle(_ bytes: some Collection<UInt8>, isLast: Bool) {
    state.withLock { state in
      let count = isLast ? bytes.count : bytes.count / state.block * state.block
      state.settled += bytes.prefix(count)
      if isLast { state.importState = .succeeded }
    }
  }

  private func finish(_ bytes: [UInt8]) throws -> ProfilesV1.ProfileImport {
    settle(bytes, isLast: true)
    let isLost = state.withLock { state in
      defer { state.losesAnswer = false }
      return state.losesAnswer
    }
    if isLost { throw RPCError(.unavailable, "The answer is lost.") }
    return message
  }

  private var message: ProfilesV1.ProfileImport {
    state.withLock { state in
      var message = ProfilesV1.ProfileImport()
      message.name = Self.name
      message.settings = state.settings
      var progress = TypeV1.ImportProgress()
      progress.state = state.importState
      progress.settledBytes = Int64(state.settled.count)
      progress.settledLines = Int64(state.settled.count { $0 == UInt8(ascii: "\n") } - 1)
      progress.refusedLines = 1
      message.progress = progress
      return message
    }
  }
}
