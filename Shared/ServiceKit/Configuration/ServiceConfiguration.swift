import Foundation
package import Logging
import NIOCore
package import RPC

/// What every service is told at start.
package struct ServiceConfiguration: Sendable {
  /// Host name or address that the gRPC server binds. Default 127.0.0.1.
  package static let listenHost = Setting<String>(
    "listen.host", default: "127.0.0.1", "Host name or address of the gRPC server.")
  /// TCP port of the gRPC server; 0 lets the system choose. Default 0.
  package static let listenPort = Setting<Int>(
    "listen.port", default: 0, in: 0...65_535, "TCP port of the gRPC server; 0 lets the system choose.")
  /// Host name or address of the admin pages. Default 127.0.0.1.
  package static let adminHost = Setting<String>(
    "admin.host", default: "127.0.0.1", "Host name or address of /metrics, /livez and /readyz.")
  /// TCP port of the admin pages; 0 lets the system choose. Default 0.
  package static let adminPort = Setting<Int>(
    "admin.port", default: 0, in: 0...65_535,
    "TCP port of /metrics, /livez and /readyz; 0 lets the system choose.")
  /// Threads of the event loops. Default 0: one a core.
  package static let threads = Setting<Int>(
    "threads", default: 0, in: 0...1_024, "Threads that serve connections; 0: one a core.")
  /// How long running calls may take after SIGTERM, in seconds. Default 30.
  package static let drainTime = Setting<Duration>(
    seconds: "drainSeconds", default: 30, in: 0...3_600,
    "Seconds that running calls have to end after SIGTERM or SIGINT.")
  /// The silence after which a peer with open calls is asked whether it is there, and how long its answer may take, in
  /// seconds. Default 15.
  package static let peerKeepalive = Setting<Duration>(
    seconds: "peerKeepaliveSeconds", default: 15, in: 1...3_600,
    "Seconds of silence after which a peer is asked whether it is there; silent for as long again, it counts as gone.")
  /// Least level that is logged. Default info.
  package static let logLevel = Setting<Logger.Level>(
    "log.level", default: .info, "Least level that is logged.")

  /// Where the gRPC server listens.
  package var listen: HostPort
  /// Where the admin pages listen.
  package var admin: HostPort
  /// Threads of the event loops, at least 1.
  package var threads: Int
  /// How long running calls may take once the service stops.
  package var drainTime: Duration
  /// The silence after which a peer with open calls is asked whether it is there, and how long its answer may take.
  package var peerKeepalive: Duration
  /// Least level that is logged.
  package var logLevel: Logger.Level
  /// The service's database.
  package var database: DatabaseSettings
  /// Certificates of connections between services; nil: in clear.
  package var tls: TLSSettings?
  /// Keys, and where the other services are.
  package var identity: IdentityConfiguration

  /// Reads the configuration of a service.
  ///
  /// - Throws: ``ConfigurationError``.
  package init(from settings: Settings) throws {
    listen = HostPort(host: try settings.get(Self.listenHost), port: try settings.get(Self.listenPort))
    admin = HostPort(host: try settings.get(Self.adminHost), port: try settings.get(Self.adminPort))
    let threads = try settings.get(Self.threads)
    self.threads = threads == 0 ? processorCount() : threads
    drainTime = try settings.get(Self.drainTime)
    peerKeepalive = try settings.get(Self.peerKeepalive)
    logLevel = try settings.get(Self.logLevel)
    database = try DatabaseSettings(from: settings)
    tls = try TLSSettings(from: settings)
    identity = try IdentityConfiguration(from: settings)
  }
}

/// The cores that this process may use, at least 1.
/// The processors that this process may use: those of the machine or of its container, less those that its affinity
/// leaves out.
private func processorCount() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  // A mask in hexadecimal digits, as "Cpus_allowed:\t3": see proc(5).
  let mask = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }?.dropFirst("Cpus_allowed:".count)
  let allowed = mask?.compactMap(\.hexDigitValue).reduce(0) { $0 + $1.nonzeroBitCount } ?? 0
  return max(1, allowed == 0 ? System.coreCount : min(allowed, System.coreCount))
}
