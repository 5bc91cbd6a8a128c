import CoreMetrics
package import Database
import Foundation
import Glibc
import Logging
import NIOPosix
import RPC
import UnixSignals

/// The main of a service's executable.
///
/// ```swift
/// @main struct Main {
///   static func main() async {
///     await Service.run(.profiles, migrations: ProfilesSchema.migrations) { try ProfilesConfiguration(from: $0) }
///       build: { context, configuration in try await Profiles(context, configuration).parts }
///   }
/// }
/// ```
package enum Service {
  /// Runs a service until SIGTERM or SIGINT, and ends the process: 0 after an orderly stop, 64 for a command line that is
  /// not understood, 69 where `--ready` finds that the process takes no calls, 78 for a configuration that cannot be used,
  /// 70 for anything else (sysexits.h).
  ///
  /// - Parameters:
  ///   - scansTables: whether some of its statements are meant to read tables through.
  ///   - configure: reads what this service alone is told.
  ///   - build: makes the service once its database is ready.
  package static func run<Configuration: Sendable>(
    _ name: ServiceName, migrations: [Migration], scansTables: Bool = false,
    configuration configure: @escaping @Sendable (Settings) throws -> Configuration,
    build: @escaping @Sendable (ServiceContext, Configuration) async throws -> ServiceParts
  ) async -> Never {
    let environment = ProcessInfo.processInfo.environment
    do {
      let options = try CommandLineOptions(Array(CommandLine.arguments.dropFirst()), environment: environment)
      switch options.request {
      case .showVersion:
        print("rapport-\(name) \(Version.current)")
      case .showHelp:
        let settings = try Settings.describe { settings in
          _ = try ServiceConfiguration(from: settings)
          _ = try configure(settings)
        }
        print(CommandLineOptions.help(program: "rapport-\(name)", settings: settings))
      case .askReadiness:
        let settings = try Settings(environment: environment, file: options.configurationFile)
        try await askReadiness(at: ServiceConfiguration(from: settings).admin)
      case .run:
        let settings = try Settings(environment: environment, file: options.configurationFile)
        let common = try ServiceConfiguration(from: settings)
        let own = try configure(settings)
        try settings.refuseUnknownKeys()
        let definition = ServiceProcess.Definition(name: name, migrations: migrations, scansTables: scansTables) {
          context in
          try await build(context, own)
        }
        try await run(definition, common)
      }
      exit(0)
    } catch {
      fail(error)
    }
  }

  private static func askReadiness(at admin: HostPort) async throws {
    guard let objection = await ReadinessQuestion(admin: admin).objection() else { return }
    throw NotReady(description: objection)
  }

  /// The process that was asked takes no calls.
  private struct NotReady: Error {
    let description: String
  }

  private static func run(_ definition: ServiceProcess.Definition, _ configuration: ServiceConfiguration) async throws {
    let time = DatabaseTime(SystemTime())
    let sink = StandardErrorSink()
    let handler = LogLines(
      service: definition.name.rawValue, level: configuration.logLevel, sink: sink, time: time)
    LoggingSystem.bootstrap { _ in handler }
    let metrics = MetricsRegistry()
    MetricsSystem.bootstrap(metrics)
    // A peer that closes its end must not end the process.
    signal(SIGPIPE, SIG_IGN)
    var surroundings = ServiceProcess.Surroundings(
      time: time, randomness: SystemRandomness(),
      group: MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads),
      logger: Logger(label: "rapport.\(definition.name)"), metrics: metrics)
    surroundings.clock = time
    let process = ServiceProcess(definition, configuration: configuration, surroundings: surroundings)
    try await process.run(signals: [.sigterm, .sigint])
  }

  private static func fail(_ error: any Error) -> Never {
    let (code, text): (Int32, String) =
      switch error {
      case let misuse as CommandLineOptions.Misuse: (64, misuse.description)
      case let notReady as NotReady: (69, notReady.description)
      case let error as ConfigurationError: (78, error.description)
      default: (70, loggable(error))
      }
    FileHandle.standardError.write(Data("\(text)\n".utf8))
    exit(code)
  }
}
