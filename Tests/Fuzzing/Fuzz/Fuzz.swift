import Foundation

/// Gives one of the suite's lowest parts arbitrary bytes, and ends with a trap when it does not bear them.
///
/// ```
/// fuzz --target=NAME FILE...     runs the files' contents through a target: codec, framing or session
/// fuzz --seeds=FOLDER            writes inputs to begin with, a folder for each target
/// ```
///
/// `Tests/Fuzzing/build` makes a libFuzzer program of it, which takes libFuzzer's options beside `--target`.
#if !FUZZING
  @main
#endif
struct Fuzz {
  static let target = value(of: "--target=").flatMap(FuzzTarget.init)

  static func main() throws {
    if let folder = value(of: "--seeds=") {
      return try Seeds.write(to: URL(fileURLWithPath: folder, isDirectory: true))
    }
    for file in CommandLine.arguments.dropFirst() where !file.hasPrefix("--") {
      run([UInt8](try Data(contentsOf: URL(fileURLWithPath: file))))
    }
  }

  static func run(_ bytes: [UInt8]) {
    guard let target else {
      fatalError("name a target: --target=\(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|"))")
    }
    target.run(bytes)
  }

  private static func value(of option: String) -> String? {
    CommandLine.arguments.first { $0.hasPrefix(option) }.map { String($0.dropFirst(option.count)) }
  }
}

#if FUZZING
  /// What libFuzzer calls; the main is its own.
  @_cdecl("LLVMFuzzerTestOneInput")
  func runInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzz.run([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }
#endif
