import Foundation
import Logging
import NIOSSL
import Synchronization

/// One side's TLS material: fixed, or as its files have it.
protocol TLSMaterial: Sendable {
  var files: TLSFiles? { get }
  /// What the files hold now.
  func reread() throws -> Self
  func context() throws -> NIOSSLContext
}

/// Gives each new connection the context of the material as it is at that moment.
///
/// Each asking looks at the files' dates, which costs microseconds; only a change is read. Safe to use from any thread.
final class TLSContexts<Material: TLSMaterial>: Sendable {
  private struct State {
    var context: NIOSSLContext
    var stamp: [FileStamp]
    /// Whether what the stamp stands for has been read for good.
    var isSettled: Bool
  }

  private let material: Material
  private let logger: Logger
  private let state: Mutex<State>

  /// - Throws: NIOSSL's error when the material is unfit.
  init(_ material: Material, logger: Logger) throws {
    self.material = material
    self.logger = logger
    let stamp = FileStamp.all(of: material.files)
    state = Mutex(State(context: try material.context(), stamp: stamp, isSettled: FileStamp.isOld(stamp)))
  }

  /// The context for a connection that begins.
  func current() -> NIOSSLContext {
    guard let files = material.files else { return state.withLock { $0.context } }
    return state.withLock { state in
      let stamp = FileStamp.all(of: files)
      if state.isSettled && stamp == state.stamp { return state.context }
      let isNew = stamp != state.stamp
      state.stamp = stamp
      state.isSettled = FileStamp.isOld(stamp)
      do {
        state.context = try material.reread().context()
        if isNew { logger.info("TLS files were read again.") }
      } catch {
        // Said once for each state of the files; until they are fit, all stays as it was.
        if isNew {
          logger.error("TLS files that changed are unfit; the old ones stay in use.", metadata: ["error": "\(error)"])
        }
      }
      return state.context
    }
  }
}

/// By what a file's change is noticed.
private struct FileStamp: Equatable {
  var device: UInt = 0
  var inode: UInt = 0
  var size = 0
  var seconds = 0
  var nanoseconds = 0

  /// A clock's tick may be as long: a file that is younger could change again without a sign.
  private static let tick = 2

  static func all(of files: TLSFiles?) -> [FileStamp] {
    [files?.certificates, files?.privateKey, files?.authorities].compactMap { $0 }.map(FileStamp.init)
  }

  /// Whether all files were last changed long enough ago for their next change to show.
  static func isOld(_ stamps: [FileStamp]) -> Bool {
    let now = Int(time(nil))
    return stamps.allSatisfy { $0.seconds + tick < now }
  }

  /// All zeros for a file that is not there.
  private init(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}
