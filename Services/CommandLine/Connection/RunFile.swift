import Foundation
import RPC

/// What a running Rapport tells the command line: `run.json` in its data folder, written by `deploy/run`.
struct RunFile: Sendable, Hashable, Decodable {
  /// Address of the gateway, `host:port`.
  var grpc: String
  /// Keys by name, each a key or the path of a file that holds it.
  var keys: [String: String]

  /// The file that speaks for a user: what RAPPORT_RUN names, else the one in the default data folder.
  static func path(environment: [String: String], isRoot: Bool) -> String? {
    if let path = environment["RAPPORT_RUN"], !path.isEmpty { return path }
    if isRoot { return "/var/lib/rapport/run.json" }
    if let folder = environment["XDG_DATA_HOME"], !folder.isEmpty { return "\(folder)/rapport/run.json" }
    guard let home = environment["HOME"], !home.isEmpty else { return nil }
    return "\(home)/.local/share/rapport/run.json"
  }

  /// The file's content; nil where no Rapport runs.
  ///
  /// - Throws: ``CommandError`` when it is there and cannot be read or understood.
  static func read(_ path: String) throws -> RunFile? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(RunFile.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw CommandError(
        .failedPrecondition,
        "\(path) says where Rapport runs, but cannot be read. Give --server and --api-key, or start Rapport again.")
    }
  }
}
