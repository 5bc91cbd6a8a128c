package import Database
import Foundation
import Glibc
package import Logging
import Synchronization

/// A private PostgreSQL: its own folder, its own Unix socket, no TCP, no care for its files.
///
/// PostgreSQL refuses to run as root, so that a test of root's runs it as the first user there is of `postgres` and
/// `nobody`. It ends with this process, however that ends: a shell reads from a socket that only this process holds open.
package final class TestCluster: Sendable {
  /// The folder of the socket, mode 0700.
  package let folder: String
  /// A superuser.
  package let administrator: Login
  let templates = TestTemplates()
  private let keeper: ClusterKeeper

  /// The cluster of this process, started when it is first asked for.
  package static var shared: TestCluster {
    get async throws { try await sharedStart.value }
  }

  private static let sharedStart = Task { try await TestCluster.start() }

  private init(folder: String, administrator: Login, keeper: ClusterKeeper) {
    self.folder = folder
    self.administrator = administrator
    self.keeper = keeper
  }

  /// Starts a cluster of its own, for tests that stop it.
  package static func start() async throws -> TestCluster {
    try await offThePool {
      let user = try TestUser.unprivileged()
      let folder = try makeFolder(for: user)
      let administrator = Login(user: "postgres", password: "test-\(UInt64.random(in: 0...UInt64.max))")
      try initialize(folder, administrator, user)
      let keeper = try ClusterKeeper(folder: folder, user: user)
      try keeper.command("start")
      return TestCluster(folder: folder, administrator: administrator, keeper: keeper)
    }
  }

  /// The address of one of its databases.
  package func address(database: String) -> ServerAddress {
    ServerAddress(host: folder, database: database)
  }

  /// How it goes down.
  package enum Shutdown: String, Sendable {
    /// Sessions are told, and ended.
    case fast
    /// As in a crash.
    case immediate
  }

  /// Stops it; all sessions are lost.
  package func stop(_ shutdown: Shutdown) async throws {
    try await offThePool { [keeper] in try keeper.command("stop \(shutdown.rawValue)") }
  }

  /// Starts it again, and waits until it takes connections.
  package func startAgain() async throws {
    try await offThePool { [keeper] in try keeper.command("start") }
  }

  /// A database client of the superuser's, to look and to break things. The caller shuts it down.
  package func administratorClient(
    database: String = "postgres", configure: (inout DatabaseConfiguration) -> Void = { _ in }
  ) async throws -> Database {
    let roles = try RoleNames(prefix: "test", service: "administrator")
    var configuration = DatabaseConfiguration(
      server: address(database: database), roles: roles, password: administrator.password)
    configuration.login = administrator
    configuration.lanes.readConnections = 1
    configuration.lanes.writeConnections = 2
    configuration.lanes.statementTimeout = .seconds(60)
    configuration.lanes.queueTimeout = .seconds(60)
    configure(&configuration)
    let database = Database(configuration: configuration, logger: .quiet)
    try await database.start()
    return database
  }

  // MARK: Start

  private static func makeFolder(for user: TestUser) throws -> String {
    var template = Array("\(NSTemporaryDirectory())rapport-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestClusterError("No temporary folder: \(errno).") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if let identity = user.identity { chown(folder, identity.user, identity.group) }
    return folder
  }

  private static func initialize(_ folder: String, _ administrator: Login, _ user: TestUser) throws {
    let passwordFile = "\(folder)/password"
    try administrator.password.write(toFile: passwordFile, atomically: false, encoding: .utf8)
    if let identity = user.identity { chown(passwordFile, identity.user, identity.group) }
    try user.run(
      "initdb",
      [
        "-D", "\(folder)/data", "-U", administrator.user, "--pwfile", passwordFile, "--auth", "scram-sha-256",
        "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
      ])
    let settings = """

      listen_addresses = ''
      unix_socket_directories = '\(folder)'
      unix_socket_permissions = 0700
      max_connections = 300
      fsync = off
      full_page_writes = off
      wal_level = minimal
      max_wal_senders = 0
      # A deadlock in a test is meant to be one.
      deadlock_timeout = 50ms

      """
    let file = FileHandle(forWritingAtPath: "\(folder)/data/postgresql.conf")
    try file?.seekToEnd()
    try file?.write(contentsOf: Data(settings.utf8))
    try file?.close()
  }
}

/// Why there is no cluster.
package struct TestClusterError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

extension Logger {
  /// Says nothing: what a test provokes is not worth a line.
  package static var quiet: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// Runs what blocks on a thread of its own.
func offThePool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}
