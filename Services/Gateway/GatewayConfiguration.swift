package import RPC
package import ServiceKit

/// What the gateway alone is told.
package struct GatewayConfiguration: Sendable, Hashable {
  /// Host name or address of the public HTTP pages. Default 127.0.0.1.
  package static let httpHost = Setting<String>(
    "http.host", default: "127.0.0.1", "Host name or address of the public HTTP pages.")
  /// TCP port of the public HTTP pages; 0 lets the system choose. Default 0.
  package static let httpPort = Setting<Int>(
    "http.port", default: 0, in: 0...65_535, "TCP port of the public HTTP pages; 0 lets the system choose.")
  /// Tokens whose caller is kept at hand. Default 10,000.
  package static let knownTokens = Setting<Int>(
    "access.knownTokens", default: 10_000, in: 2...1_000_000,
    "Tokens that are kept verified; about 1 KiB each, more for keys that see many entities.")

  /// Where the public HTTP pages are.
  package var http: HostPort
  /// Tokens whose caller is kept at hand.
  package var knownTokens: Int

  /// Reads the configuration.
  ///
  /// - Throws: ``ConfigurationError``.
  package init(from settings: Settings) throws {
    http = HostPort(host: try settings.get(Self.httpHost), port: try settings.get(Self.httpPort))
    knownTokens = try settings.get(Self.knownTokens)
  }
}
