import Glibc
import NIOPosix
import RPC
import Synchronization

/// A file, or standard input, read in pieces on a thread of its own, so that a slow disk or a waiting terminal holds up
/// nothing else.
///
/// One reader at a time.
final class InputFile: Sendable {
  /// What the command line called it; `-` is standard input.
  let name: String
  /// Bytes in all; nil where it is no regular file.
  let size: Int64?
  private let descriptor: Int32
  private let position = Mutex<Int64>(0)

  /// Opens a file.
  ///
  /// - Throws: ``CommandError`` that names it.
  init(_ name: String) throws {
    self.name = name
    descriptor = name == "-" ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandError.cannotRead(name, errno: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let number = errno
      if name != "-" { close(descriptor) }
      throw CommandError.cannotRead(name, errno: number)
    }
    size = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
  }

  deinit {
    if name != "-" { close(descriptor) }
  }

  /// Goes to a place, in bytes from the beginning; a pipe can only go forward.
  ///
  /// - Throws: ``CommandError`` when the place is behind the end, or behind what a pipe has given.
  func seek(to place: Int64) async throws {
    guard size == nil else {
      try seekRegularFile(to: place)
      return
    }
    while true {
      let here = position.withLock { $0 }
      guard here <= place else {
        throw CommandError(
          .failedPrecondition, "\(name) is a pipe, and byte \(place) of it has gone by. Give a file instead.")
      }
      guard here < place else { return }
      guard try await chunk(atMost: Int(min(place - here, 256 << 10))) != nil else { throw tooShort(here, for: place) }
    }
  }

  private func seekRegularFile(to place: Int64) throws {
    if let size, place > size { throw tooShort(size, for: place) }
    guard lseek(descriptor, off_t(place), SEEK_SET) >= 0 else { throw CommandError.cannotRead(name, errno: errno) }
    position.withLock { $0 = place }
  }

  private func tooShort(_ size: Int64, for place: Int64) -> CommandError {
    CommandError(
      .failedPrecondition,
      "\(name) ends at byte \(size), but byte \(place) is wanted. Give the file that the import began with.")
  }

  /// The next bytes, at least one and at most `limit`; nil at the end.
  func chunk(atMost limit: Int) async throws -> [UInt8]? {
    let descriptor = descriptor
    let name = name
    let bytes = try await NIOThreadPool.singleton.runIfActive {
      try Self.read(descriptor, atMost: limit, name: name)
    }
    position.withLock { $0 += Int64(bytes.count) }
    return bytes.isEmpty ? nil : bytes
  }

  private static func read(_ descriptor: Int32, atMost limit: Int, name: String) throws -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
      var count = 0
      repeat {
        count = Glibc.read(descriptor, buffer.baseAddress, limit)
        failure = count < 0 ? errno : 0
      } while failure == EINTR
      initialized = max(0, count)
    }
    guard failure == 0 else { throw CommandError.cannotRead(name, errno: failure) }
    return bytes
  }

  /// The whole of what is left.
  ///
  /// - Throws: ``CommandError`` when it is larger than `limit` bytes.
  func rest(atMost limit: Int = 64 << 20) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let next = try await chunk(atMost: 64 << 10) {
      bytes += next
      guard bytes.count <= limit else {
        throw CommandError(.resourceExhausted, "\(name) is larger than \(Amounts.bytes(Int64(limit))).")
      }
    }
    return bytes
  }
}
