/// Where the database is, who connects, and how much of it one process takes.
package struct DatabaseConfiguration: Sendable {
  /// The server and the database.
  package var server: ServerAddress
  /// The service's schema and roles.
  package var roles: RoleNames
  /// The login of calls.
  package var login: Login
  /// The lanes of single statements.
  package var lanes = LaneLimits()
  /// The pool of transactions, COPY and long queries.
  package var leases = LeaseLimits()
  /// How failed transactions and lost connections are tried again.
  package var retry = RetryPolicy()
  /// How long ``Database/start()`` waits for the server, and for how long a call waits while it is away. Default 30 s.
  package var startupWait: Duration = .seconds(30)
  /// How many prepared statements a connection keeps before it drops the least recently used. Default 256, at least 1.
  package var preparedStatements = 256
  /// Whether statements may read a table through that has an index they could use. Default true.
  ///
  /// A statement is planned once a connection, for the tables as they are then. One that found its queue empty would read
  /// it through for as long, however much comes in meanwhile: false forbids that, where every statement has its index.
  package var scansTables = true

  /// A configuration whose login is named by `roles`.
  package init(server: ServerAddress, roles: RoleNames, password: String) {
    self.server = server
    self.roles = roles
    self.login = Login(user: roles.login, password: password)
  }
}

/// Where PostgreSQL listens, and the database there.
package struct ServerAddress: Sendable, Hashable {
  /// How far the server is trusted on the way to it.
  package enum TLS: Sendable, Hashable {
    /// In clear: for a socket folder and loopback.
    case disabled
    /// Encrypted, and the server's certificate and name checked against this file of authorities (PEM).
    case verified(authorities: String)
  }

  /// A host name or address, or the absolute path of the folder of a Unix socket.
  package var host: String
  /// 1 to 65,535. Default 5432.
  package var port: Int
  /// The database's name in this cluster.
  package var database: String
  /// Default `.disabled`.
  package var tls: TLS

  /// An address; nothing is resolved before connecting.
  package init(host: String, port: Int = 5432, database: String, tls: TLS = .disabled) {
    self.host = host
    self.port = port
    self.database = database
    self.tls = tls
  }
}

/// A name and its password.
package struct Login: Sendable, Hashable, CustomStringConvertible {
  package var user: String
  /// Never printed.
  package var password: String

  package init(user: String, password: String) {
    self.user = user
    self.password = password
  }

  package var description: String { user }
}

/// How much the shared lanes take, and how long one statement there may last.
package struct LaneLimits: Sendable, Hashable {
  /// Connections for reads, at least 1. Default 2.
  package var readConnections = 2
  /// Connections for writes, at least 1. Default 4: a write that waits for a lock holds up those behind it on its own
  /// connection, and each connection commits by itself.
  package var writeConnections = 4
  /// Calls on their way on one connection for reads. Default 128.
  package var readsInFlight = 128
  /// Calls on their way on one connection for writes. Default 32.
  package var writesInFlight = 32
  /// Calls that wait in one lane for a connection; the next is refused as `.overloaded`. Default 4,096.
  package var queuedCalls = 4_096
  /// How long a call may wait in its lane before it is refused as `.unavailable`. Default 5 s.
  package var queueTimeout: Duration = .seconds(5)
  /// statement_timeout of both lanes. Default 5 s.
  package var statementTimeout: Duration = .seconds(5)
  /// lock_timeout of both lanes. Default 1 s.
  package var lockTimeout: Duration = .seconds(1)

  /// The defaults.
  package init() {}
}

/// How much the pool of leased connections takes.
package struct LeaseLimits: Sendable, Hashable {
  /// Connections at most, at least 1. Default 8.
  package var maximumConnections = 8
  /// Connections that are kept open while nobody uses them. Default 2.
  package var idleConnections = 2
  /// How long another is kept that nobody uses. Default 30 s: opening one costs more than most transactions.
  package var idleLife: Duration = .seconds(30)
  /// How long a transaction waits for a connection before it is refused as `.overloaded`. Default 10 s.
  package var waitTimeout: Duration = .seconds(10)
  /// lock_timeout within transactions. Default 5 s.
  package var lockTimeout: Duration = .seconds(5)
  /// idle_in_transaction_session_timeout: how long a transaction may leave the server without a statement. Default 60 s.
  package var idleTimeout: Duration = .seconds(60)

  /// The defaults.
  package init() {}
}

/// How often and after which pause something is tried again.
package struct RetryPolicy: Sendable {
  /// How often a transaction is run at most, the first run included. Default 5.
  package var attempts = 5
  /// The pause before the second run; it doubles with every further one. Default 5 ms.
  package var firstPause: Duration = .milliseconds(5)
  /// No pause is longer. Default 1 s.
  package var longestPause: Duration = .seconds(1)
  /// A number from 0 up to 1 that scales each pause to between half and all of it, so that rivals part.
  package var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
  /// Waits, and ends early with an error when the task is cancelled.
  package var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  /// The defaults.
  package init() {}

  /// The pause before run `attempt` + 1, where the first run is 1.
  package func pause(afterAttempt attempt: Int) -> Duration {
    let doubled = firstPause * (1 << min(max(attempt - 1, 0), 20))
    return min(doubled, longestPause) * (0.5 + random() / 2)
  }
}

extension DatabaseConfiguration {
  /// - Throws: `.invalidValue`, naming the field and its limit.
  func check() throws(DatabaseError) {
    try Self.require(preparedStatements >= 1, "preparedStatements", "at least 1")
    try Self.require(lanes.readConnections >= 1, "lanes.readConnections", "at least 1")
    try Self.require(lanes.writeConnections >= 1, "lanes.writeConnections", "at least 1")
    try Self.require(lanes.readsInFlight >= 1, "lanes.readsInFlight", "at least 1")
    try Self.require(lanes.writesInFlight >= 1, "lanes.writesInFlight", "at least 1")
    try Self.require(lanes.queuedCalls >= 0, "lanes.queuedCalls", "at least 0")
    try Self.require(leases.maximumConnections >= 1, "leases.maximumConnections", "at least 1")
    try Self.require(leases.idleConnections >= 0, "leases.idleConnections", "at least 0")
    try Self.require(retry.attempts >= 1, "retry.attempts", "at least 1")
    try Self.require((1...65_535).contains(server.port), "server.port", "1 to 65,535")
    try Self.require(leases.idleLife >= .zero, "leases.idleLife", "at least 0")
    for (name, duration) in [
      ("lanes.queueTimeout", lanes.queueTimeout), ("lanes.statementTimeout", lanes.statementTimeout),
      ("lanes.lockTimeout", lanes.lockTimeout), ("leases.waitTimeout", leases.waitTimeout),
      ("leases.lockTimeout", leases.lockTimeout), ("leases.idleTimeout", leases.idleTimeout),
    ] {
      try Self.require(duration >= .milliseconds(1), name, "at least 1 ms")
    }
  }

  private static func require(_ isMet: Bool, _ field: String, _ limit: String) throws(DatabaseError) {
    guard isMet else { throw DatabaseError(.invalidValue, "The database's setting \(field) is \(limit).") }
  }
}
