internal import Crypto
package import Mail
internal import RPC
package import ServiceKit

/// What Messaging alone is told.
package struct MessagingConfiguration: Sendable {
  /// What links in messages begin with.
  package static let publicBaseURL = Setting<String>(
    "publicBaseURL", default: nil, example: "https://mail.example.com",
    "What links in messages begin with: https, or http for an address of this machine.")
  /// File with the secret that links are signed by.
  package static let linksSecretFile = Setting<String>(
    "links.secretFile", default: nil, example: "/etc/rapport/keys/links.secret",
    "File with the secret that links are signed by: at least 32 characters on its first line.")
  /// Host name or address of the mail server. Default 127.0.0.1.
  package static let smtpHost = Setting<String>(
    "smtp.host", default: "127.0.0.1", "Host name or address of the mail server.")
  /// TCP port of the mail server. Default 25.
  package static let smtpPort = Setting<Int>("smtp.port", default: 25, in: 1...65_535, "TCP port of the mail server.")
  /// When the connection is encrypted: none, starttls or implicit. Default none.
  package static let smtpTLS = Setting<Encryption>(
    "smtp.tls", default: .none, "When the connection to the mail server is encrypted.")
  /// User at the mail server; none: no log-in.
  package static let smtpUser = Setting<String?>(optional: "smtp.user", "User at the mail server.")
  /// File with the password at the mail server.
  package static let smtpPasswordFile = Setting<String?>(
    optional: "smtp.passwordFile", "File with the password at the mail server on its first line.")
  /// What this machine is called when it greets the mail server. Default localhost.
  package static let smtpClientName = Setting<String>(
    "smtp.clientName", default: "localhost", "What this machine is called when it greets the mail server.")
  /// How long the mail server may take to answer a command, in seconds; twice as long at the end of a message. Default 300.
  package static let smtpAnswerTime = Setting<Duration>(
    seconds: "smtp.answerSeconds", default: 300, in: 1...3_600,
    "Seconds that the mail server may take to answer a command; twice as long at the end of a message.")
  /// Connections to the mail server at once, for each copy of the service: as many messages share one write to disk, and
  /// as many can be in doubt after a crash. Default 16.
  package static let smtpConnections = Setting<Int>(
    "smtp.connections", default: 16, in: 1...100, "Connections to the mail server at once.")

  /// The words for ``SMTPConfiguration/Encryption``.
  package enum Encryption: String, Sendable, CaseIterable {
    case none, starttls, implicit
  }

  /// Without a slash at its end.
  package var publicBaseURL: String
  /// The secret that links are signed by.
  package var linksSecret: Secret
  /// The mail server.
  package var smtp: SMTPConfiguration
  /// Connections to it at once.
  package var connections: Int

  /// Reads the configuration.
  ///
  /// - Throws: ``ConfigurationError``.
  package init(from settings: Settings) throws {
    let base = try settings.get(Self.publicBaseURL)
    guard let url = PublicBaseURL(base) else {
      throw ConfigurationError(
        "publicBaseURL must be an https address without query, such as https://mail.example.com; "
          + "http is allowed for an address of this machine.")
    }
    publicBaseURL = url.text
    guard let secret = Secret(value: nil, file: try settings.get(Self.linksSecretFile)) else {
      throw ConfigurationError("links.secretFile is missing.")
    }
    linksSecret = secret
    smtp = SMTPConfiguration(host: try settings.get(Self.smtpHost), port: try settings.get(Self.smtpPort))
    smtp.clientName = try settings.get(Self.smtpClientName)
    smtp.commandTimeout = try settings.get(Self.smtpAnswerTime)
    smtp.finalTimeout = smtp.commandTimeout * 2
    switch try settings.get(Self.smtpTLS) {
    case .none: smtp.encryption = .none
    case .starttls: smtp.encryption = .starttls
    case .implicit: smtp.encryption = .implicit
    }
    let (user, password) = (try settings.get(Self.smtpUser), try settings.get(Self.smtpPasswordFile))
    if let user, let file = Secret(value: nil, file: password) {
      smtp.credentials = .init(user: user, password: try file.value())
    } else if (user == nil) != (password == nil) {
      throw ConfigurationError("smtp.user and smtp.passwordFile stand together: give both, or neither.")
    }
    connections = try settings.get(Self.smtpConnections)
  }
}

/// What public links begin with.
struct PublicBaseURL {
  let text: String

  /// Nil unless it is https, or http to this machine, without query, fragment, user or anything that is no ASCII.
  init?(_ text: String) {
    var text = text[...]
    while text.last == "/" { text.removeLast() }
    guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" }
    let isClean = text.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"\"'<>?#@\\^`{|}".utf8.contains($0) }
    guard isClean, !authority.isEmpty else { return nil }
    let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
    let isLoopback =
      host == "localhost" || host == "::1"
      || (host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) })
    guard scheme == "https://" || isLoopback else { return nil }
    self.text = String(text)
  }
}
