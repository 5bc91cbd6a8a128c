import Foundation
import Glibc

/// As whom PostgreSQL's programs run, and where they are.
struct TestUser: Sendable {
  struct Identity: Sendable {
    let name: String
    let user: uid_t
    let group: gid_t
  }

  /// Nil: as this process.
  let identity: Identity?
  private let programs: String

  static func unprivileged() throws -> TestUser {
    let programs = try findPrograms()
    guard geteuid() == 0 else { return TestUser(identity: nil, programs: programs) }
    for name in ["postgres", "nobody"] {
      guard let entry = getpwnam(name) else { continue }
      let identity = Identity(name: name, user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
      return TestUser(identity: identity, programs: programs)
    }
    throw TestClusterError("No user postgres or nobody, and PostgreSQL does not run as root.")
  }

  private static func findPrograms() throws -> String {
    let folders = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
      .sorted { $0.compare($1, options: .numeric) == .orderedDescending }
      .map { "/usr/lib/postgresql/\($0)/bin" }
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let found = (folders + path).first { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") }
    guard let found else { throw TestClusterError("PostgreSQL's server is not installed: no initdb.") }
    return found
  }

  func path(of program: String) throws -> String { "\(programs)/\(program)" }

  /// Put before a command, it changes the user.
  var prefix: [String] {
    guard let identity else { return ["env", "HOME=/tmp"] }
    return [
      "setpriv", "--reuid=\(identity.user)", "--regid=\(identity.group)", "--clear-groups", "env", "HOME=/tmp",
    ]
  }

  /// Runs a program to its end.
  func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = prefix + [try path(of: program)] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: "/tmp")
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = output
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      // Not to the end of the file: a server that was started may hold the pipe open.
      let said = output.fileHandleForReading.availableData
      throw TestClusterError("\(program) failed: \(String(decoding: said, as: UTF8.self))")
    }
  }
}
