/// How one connection is made.
struct ConnectionParameters: Sendable {
  /// What the connection is for; it decides the session's limits.
  enum Purpose: Sendable {
    case sharedReads, sharedWrites, leased, listening, schema
  }

  let server: ServerAddress
  let login: Login
  let purpose: Purpose
  /// Settings of the session, which hold unless a transaction changes them.
  var settings: [(name: String, value: String)] = []
  var preparedStatements = 256
  /// How long making it may take.
  var timeout: Duration = .seconds(10)

  /// libpq's names (PostgreSQL, "Parameter Key Words").
  var keywords: [String: String] {
    var keywords = [
      "host": server.host, "port": String(server.port), "dbname": server.database, "user": login.user,
      "password": login.password, "client_encoding": "UTF8", "application_name": "rapport \(purpose)",
      // Compiling a statement takes longer than most of ours run, and pays for none of them.
      "options": ([("jit", "off")] + settings).map { "-c \($0.name)=\($0.value)" }.joined(separator: " "),
      // A peer that vanished without a word is noticed within a minute.
      "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "40000",
      "gssencmode": "disable", "sslmode": "disable",
    ]
    if case .verified(let authorities) = server.tls {
      keywords["sslmode"] = "verify-full"
      keywords["sslrootcert"] = authorities
    }
    return keywords
  }
}

extension DatabaseConfiguration {
  /// Sessions of the lane for reads, which refuse writes: only so may a lost read be tried again.
  var readParameters: ConnectionParameters {
    var parameters = shared(.sharedReads)
    parameters.settings.append(("default_transaction_read_only", "on"))
    return parameters
  }

  /// Sessions of the lane for writes.
  var writeParameters: ConnectionParameters { shared(.sharedWrites) }

  private func shared(_ purpose: ConnectionParameters.Purpose) -> ConnectionParameters {
    var parameters = ConnectionParameters(server: server, login: login, purpose: purpose)
    parameters.preparedStatements = preparedStatements
    parameters.settings =
      planning + [
        ("statement_timeout", lanes.statementTimeout.settingInMilliseconds),
        ("lock_timeout", lanes.lockTimeout.settingInMilliseconds),
      ]
    return parameters
  }

  private var planning: [(name: String, value: String)] { scansTables ? [] : [("enable_seqscan", "off")] }

  /// Sessions of transactions.
  var leaseParameters: ConnectionParameters {
    var parameters = ConnectionParameters(server: server, login: login, purpose: .leased)
    parameters.preparedStatements = preparedStatements
    parameters.settings =
      planning + [
        ("lock_timeout", leases.lockTimeout.settingInMilliseconds),
        ("idle_in_transaction_session_timeout", leases.idleTimeout.settingInMilliseconds),
      ]
    return parameters
  }

  /// The session of LISTEN.
  var listenParameters: ConnectionParameters {
    ConnectionParameters(server: server, login: login, purpose: .listening)
  }
}

extension Duration {
  /// Whole milliseconds, at least 1: PostgreSQL takes 0 for "no limit".
  var settingInMilliseconds: String {
    String(max(1, components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000))
  }
}
