import Foundation

#if FUZZING
  import CFuzzer
#endif

/// Gives one of the suite's lowest parts arbitrary bytes, and ends with a trap when it does not bear them.
///
/// ```
/// fuzz --target=NAME FILE...     runs the files' contents through a target: codec, framing or session
/// fuzz --seeds=FOLDER            writes inputs to begin with, a folder for each target
/// ```
///
/// Built with `--sanitize=fuzzer -Xswiftc -DFUZZING` it is a libFuzzer program instead, which takes libFuzzer's options
/// beside `--target`: `deploy/test fuzz` builds and runs it so.
@main
struct Fuzz {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    if let folder = value(of: "--seeds=", in: arguments) {
      return try Seeds.write(to: URL(fileURLWithPath: folder, isDirectory: true))
    }
    guard let target = value(of: "--target=", in: arguments).flatMap(FuzzTarget.init) else {
      fatalError("name a target: --target=\(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|"))")
    }
    #if FUZZING
      chosen = target
      exit(drive())
    #else
      for file in arguments where !file.hasPrefix("--") {
        target.run([UInt8](try Data(contentsOf: URL(fileURLWithPath: file))))
      }
    #endif
  }

  private static func value(of option: String, in arguments: ArraySlice<String>) -> String? {
    arguments.first { $0.hasPrefix(option) }.map { String($0.dropFirst(option.count)) }
  }

  #if FUZZING
    /// Written once, before the fuzzer runs.
    nonisolated(unsafe) private static var chosen = FuzzTarget.codec

    private static func drive() -> CInt {
      var count = CommandLine.argc
      var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
      return LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        Fuzz.chosen.run([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
        return 0
      }
    }
  #endif
}
