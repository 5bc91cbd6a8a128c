import Foundation
import Glibc
import RPC

/// A file that only its owner may read, written whole or not at all.
struct PrivateFile: Sendable, Hashable {
  let path: String

  /// The content; nil when there is no such file.
  ///
  /// - Throws: ``CommandError`` when it may not be read.
  func read() throws -> Data? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError.cannotRead(path, errno: EACCES)
    }
    return data
  }

  /// Puts a new content in place of the old one: whoever reads sees one or the other, also after a crash.
  ///
  /// - Throws: ``CommandError`` naming the file.
  func write(_ content: Data) throws {
    let temporary = "\(path).new"
    // Left by a run that was killed here; a name that someone else could have put in place is never written through.
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw CommandError.cannotWrite(path, errno: errno) }
    defer { close(descriptor) }
    try content.withUnsafeBytes { try writeAll($0, to: descriptor, named: path) }
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
      throw CommandError.cannotWrite(path, errno: errno)
    }
    try syncFolder()
  }

  /// Writes unless the content is there already, so that a start that changes nothing writes nothing.
  ///
  /// - Returns: Whether it was written.
  @discardableResult
  func update(_ content: Data) throws -> Bool {
    guard try read() != content else {
      chmod(path, 0o600)
      return false
    }
    try write(content)
    return true
  }

  // The new name is on disk only when its folder is.
  private func syncFolder() throws {
    let descriptor = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandError.cannotWrite(path, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw CommandError.cannotWrite(path, errno: errno) }
  }
}

/// A folder that only its owner may enter.
struct PrivateFolder: Sendable, Hashable {
  let path: String

  /// Makes the folder unless it is there, and closes it to others.
  ///
  /// - Parameter isPassable: leaves it to others to pass through an existing folder to one of their own within it, as
  ///   PostgreSQL's account does; they see nothing else.
  /// - Throws: ``CommandError`` naming it.
  init(making path: String, isPassable: Bool = false) throws {
    self.path = path
    if mkdir(path, 0o700) == 0 { return }
    var status = stat()
    guard errno == EEXIST, stat(path, &status) == 0,
      chmod(path, isPassable ? status.st_mode & 0o711 : 0o700) == 0
    else { throw CommandError.cannotWrite(path, errno: errno) }
  }

  /// A file in it.
  func file(_ name: String) -> PrivateFile {
    PrivateFile(path: "\(path)/\(name)")
  }

  /// Runs `body` while no other process does the same here.
  ///
  /// - Throws: ``CommandError`` when the lock cannot be had; what `body` throws.
  func locked(_ body: () async throws -> Void) async throws {
    let lock = file("setup.lock").path
    let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CommandError.cannotWrite(lock, errno: errno) }
    // Closing gives the lock up, and so does the end of the process, however it comes.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw CommandError.cannotWrite(lock, errno: errno) }
    }
    try await body()
  }
}
