import Foundation
import Glibc
import Synchronization

/// A shell that starts and stops a cluster's PostgreSQL on command, and for good, folder and all, when the commands end:
/// with this object, or with this process, however that ends.
///
/// The server is the shell's child and not ours, because Foundation takes a child for alive as long as any descendant
/// holds what it inherited.
final class ClusterKeeper: Sendable {
  private struct Ends {
    let commands: FileHandle
    let answers: FileHandle
  }

  private let folder: String
  private let ends: Mutex<Ends>

  init(folder: String, user: TestUser) throws {
    var sockets: [Int32] = [-1, -1]
    // Closed on exec, from the beginning: no other child of this process may keep the cluster alive.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &sockets) == 0 else { throw TestClusterError("No socket pair: \(errno).") }
    let commands = FileHandle(fileDescriptor: sockets[0], closeOnDealloc: true)
    let answers = Pipe()
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // A session of its own, so that the terminal's signals do not reach it.
    shell.arguments =
      ["setsid", "sh", "-c", Self.script, "sh", folder, try user.path(of: "pg_ctl")] + user.prefix
    shell.standardInput = FileHandle(fileDescriptor: sockets[1], closeOnDealloc: true)
    shell.standardOutput = answers
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    self.folder = folder
    ends = Mutex(Ends(commands: commands, answers: answers.fileHandleForReading))
  }

  private static let script = """
    folder=$1 control=$2
    shift 2
    while read -r word how; do
      case $word in
        start) "$@" "$control" -D "$folder/data" -l "$folder/log" -w -t 60 -s start </dev/null >/dev/null ;;
        stop) "$@" "$control" -D "$folder/data" -w -t 60 -s -m "$how" stop </dev/null >/dev/null ;;
      esac && echo done || echo failed
    done
    "$@" "$control" -D "$folder/data" -w -t 20 -s -m immediate stop </dev/null >/dev/null
    rm -rf "$folder"
    """

  /// Has a command done: "start", "stop fast", "stop immediate".
  func command(_ command: String) throws {
    let answer = try ends.withLock { ends in
      try ends.commands.write(contentsOf: Data((command + "\n").utf8))
      return ends.answers.availableData
    }
    guard String(decoding: answer, as: UTF8.self).hasPrefix("done") else {
      let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
      throw TestClusterError("PostgreSQL did not \(command): \(log)")
    }
  }
}
