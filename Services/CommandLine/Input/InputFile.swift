import Glibc
import NIOPosix

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

  /// Whether it can be read again from any place.
  var isSeekable: Bool { size != nil }

  /// Goes to a place, in bytes from the beginning.
  ///
  /// - Throws: ``CommandError`` when the file is no regular one, or shorter.
  func seek(to place: Int64) throws {
    guard let size else {
      throw CommandError(.failedPrecondition, "\(name) cannot be read again from its middle: give a file, not a pipe.")
    }
    guard place <= size else {
      throw CommandError(
        .failedPrecondition,
        "\(name) ends at byte \(size), and byte \(place) is wanted. Give the file that the import began with.")
    }
    guard lseek(descriptor, off_t(place), SEEK_SET) >= 0 else { throw CommandError.cannotRead(name, errno: errno) }
  }

  /// The next bytes, at least one and at most `limit`; nil at the end.
  func chunk(atMost limit: Int) async throws -> [UInt8]? {
    let descriptor = descriptor
    let name = name
    return try await NIOThreadPool.singleton.runIfActive {
      var count = 0
      var failure: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
        repeat {
          count = read(descriptor, buffer.baseAddress, limit)
          failure = count < 0 ? errno : 0
        } while failure == EINTR
        initialized = max(0, count)
      }
      guard failure == 0 else { throw CommandError.cannotRead(name, errno: failure) }
      return bytes.isEmpty ? nil : bytes
    }
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
