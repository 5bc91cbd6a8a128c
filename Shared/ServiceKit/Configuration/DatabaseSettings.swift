/// Where a service's database is, and as whom the service connects.
package struct DatabaseSettings: Sendable, Hashable {
  /// Host name or address, or the folder of a Unix socket. Default 127.0.0.1.
  package static let host = Setting<String>(
    "database.host", default: "127.0.0.1", "Host name or address of PostgreSQL, or the folder of its socket.")
  /// TCP port, or the number in the socket's name. Default 5432.
  package static let port = Setting<Int>(
    "database.port", default: 5432, in: 1...65_535, "Port of PostgreSQL.")
  /// Name of the database. Default rapport.
  package static let name = Setting<String>("database.name", default: "rapport", "Name of the database.")
  /// What the names of the logins and roles begin with. Default: the database's name.
  package static let rolePrefix = Setting<String?>(
    optional: "database.rolePrefix",
    "What the names of logins and roles begin with, where it is not the database's name.")
  /// Connections that transactions, COPY and long queries share. Default 10.
  package static let connections = Setting<Int>(
    "database.connections", default: 10, in: 1...1_000, "Connections for transactions, COPY and long queries.")
  /// Password of the service's login.
  package static let password = Setting<String?>(
    secret: "database.password", "Password of the service's login; database.passwordFile is better.")
  /// File with the password of the service's login.
  package static let passwordFile = Setting<String?>(
    optional: "database.passwordFile", "File with the password of the service's login, on its first line.")
  /// Password of the login that changes the schema.
  package static let ddlPassword = Setting<String?>(
    secret: "database.ddlPassword", "Password of the login that changes the schema; database.ddlPasswordFile is better.")
  /// File with the password of the login that changes the schema.
  package static let ddlPasswordFile = Setting<String?>(
    optional: "database.ddlPasswordFile", "File with the password of the login that changes the schema.")

  /// Host name or address, or the folder of a Unix socket.
  package var host: String
  /// TCP port, or the number in the socket's name.
  package var port: Int
  /// Name of the database.
  package var name: String
  /// What the names of the logins and roles begin with.
  package var rolePrefix: String
  /// Connections that transactions, COPY and long queries share.
  package var connections: Int
  /// Password of the service's login; nil where the server asks for none.
  package var password: Secret?
  /// Password of the login that changes the schema.
  package var ddlPassword: Secret?

  /// Reads the configuration. Files are read later, by ``Secret/value()``.
  ///
  /// - Throws: ``ConfigurationError``.
  package init(from settings: Settings) throws {
    host = try settings.get(Self.host)
    port = try settings.get(Self.port)
    let name = try settings.get(Self.name)
    self.name = name
    rolePrefix = try settings.get(Self.rolePrefix) ?? name
    connections = try settings.get(Self.connections)
    password = Secret(value: try settings.get(Self.password), file: try settings.get(Self.passwordFile))
    ddlPassword = Secret(value: try settings.get(Self.ddlPassword), file: try settings.get(Self.ddlPasswordFile))
  }
}
