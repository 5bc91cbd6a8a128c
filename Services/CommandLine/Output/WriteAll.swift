import ArgumentParser
import Glibc

/// Writes bytes to a descriptor, all of them.
///
/// - Throws: ``CommandError`` that names the file; `ExitCode` 141 when nobody reads a pipe any more, as a shell reports a
///   process that SIGPIPE ended: the signal itself is ignored once a socket is open.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, named name: String) throws {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if errno == EPIPE {
      throw ExitCode(141)
    } else if errno != EINTR {
      throw CommandError.cannotWrite(name, errno: errno)
    }
  }
}
