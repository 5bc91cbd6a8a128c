package import NIOSSL

/// Where mail is handed to, and how.
package struct SMTPConfiguration: Sendable {
  /// When the connection is encrypted.
  package enum Encryption: String, Sendable, Hashable, CaseIterable {
    /// Never.
    case none
    /// By STARTTLS (RFC 3207); a server that does not offer it gets no mail.
    case starttls
    /// From the first byte (RFC 8314).
    case implicit
  }

  /// What the server is told to know who sends.
  package struct Credentials: Sendable, Hashable {
    package var user: String
    package var password: String

    package init(user: String, password: String) {
      self.user = user
      self.password = password
    }
  }

  package var host: String
  package var port: Int
  /// What EHLO says: this machine's name.
  package var clientName = "localhost"
  package var encryption = Encryption.none
  /// Whose certificates are believed. Default the system's.
  package var trustRoots = NIOSSLTrustRoots.default
  /// Nil: none are asked for. They are never sent in clear beyond this machine.
  package var credentials: Credentials?
  /// How long a connection may take to be made.
  package var connectTimeout = Duration.seconds(30)
  /// How long the server may take to answer a command (RFC 5321 §4.5.3.2: 5 minutes).
  package var commandTimeout = Duration.seconds(300)
  /// How long it may take to answer the end of a message (RFC 5321 §4.5.3.2.6: 10 minutes).
  package var finalTimeout = Duration.seconds(600)

  /// - Parameters:
  ///   - host: name or address.
  ///   - port: 25 between servers, 587 with STARTTLS, 465 with implicit TLS.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Whether the server is on this machine.
  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
