import Foundation
import Glibc
import RPC
import ServiceKit

/// Where Rapport is, and whose key speaks to it.
struct ConnectionSettings: Sendable, Hashable {
  /// The gateway.
  var server: HostPort
  /// The key's secret; nil where nobody gave one.
  var key: String?

  /// Takes each from the option, else from the environment, else from the file of a running Rapport.
  ///
  /// - Throws: ``CommandError`` that says which of them to give.
  init(server: String?, key: String?, environment: [String: String], isRoot: Bool = geteuid() == 0) throws {
    let runFile = try Self.runFile(
      unless: server ?? environment["RAPPORT_SERVER"], key ?? environment["RAPPORT_KEY"], environment: environment,
      isRoot: isRoot)
    guard let address = server ?? environment["RAPPORT_SERVER"] ?? runFile?.grpc else {
      throw CommandError(
        .unavailable,
        "No Rapport runs here. Start it with deploy/run, or name its address by --server or RAPPORT_SERVER.")
    }
    guard let server = HostPort(address) else {
      throw CommandError.usage("The server's address \(address) is not HOST:PORT. Write it as 127.0.0.1:7400.")
    }
    self.server = server
    self.key = try (key ?? environment["RAPPORT_KEY"] ?? runFile?.keys["administrator"]).map(Self.secret)
  }

  // Someone who names both must not depend on a file.
  private static func runFile(
    unless server: String?, _ key: String?, environment: [String: String], isRoot: Bool
  ) throws -> RunFile? {
    guard server == nil || key == nil, let path = RunFile.path(environment: environment, isRoot: isRoot) else {
      return nil
    }
    return try RunFile.read(path)
  }

  /// The key itself: the first line of the file that `text` names, or `text` where there is no such file.
  private static func secret(_ text: String) throws -> String {
    guard FileManager.default.fileExists(atPath: text) else {
      guard !text.contains("/") else {
        throw CommandError(.notFound, "There is no key file \(text). Give the path of one, or the key itself.")
      }
      return text
    }
    guard let data = FileManager.default.contents(atPath: text) else {
      throw CommandError(.notFound, "The key file \(text) may not be read by this account.")
    }
    guard let line = String(data: data, encoding: .utf8)?.split(whereSeparator: \.isNewline).first else {
      throw CommandError(.failedPrecondition, "The key file \(text) is empty. It must hold a key on its first line.")
    }
    return String(line)
  }
}
