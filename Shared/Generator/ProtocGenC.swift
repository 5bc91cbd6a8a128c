import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// protobuf-c's own plugin, found on the path.
enum ProtocGenC {
  /// - Throws: ``GeneratorError`` if it is not there, fails, or refuses a file.
  static func run(
    _ request: Google_Protobuf_Compiler_CodeGeneratorRequest
  ) throws -> Google_Protobuf_Compiler_CodeGeneratorResponse {
    // Through files, not pipes: it may write before it has read everything.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("protoc-gen-c-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appendingPathComponent("request")
    let output = folder.appendingPathComponent("response")
    let encoded: Data = try request.serializedBytes()
    try encoded.write(to: input)
    try Data().write(to: output)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["protoc-gen-c"]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw GeneratorError("protoc-gen-c ended with status \(process.terminationStatus).")
    }
    let response = try Google_Protobuf_Compiler_CodeGeneratorResponse(serializedBytes: Data(contentsOf: output))
    guard response.error.isEmpty else { throw GeneratorError("protoc-gen-c: \(response.error)") }
    return response
  }
}
