import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The protoc plugin that makes the suite's messages: protoc-gen-c's structs and, over them, Swift values.
///
/// protoc writes a request to standard input and reads a response from standard output; `deploy/generate` runs it.
/// What each part does: ``CTranslation`` turns proto3 into what protoc-gen-c can carry, ``FileEmitter`` writes the Swift
/// of one .proto file, ``ModuleEmitter`` what a whole module shares.
@main
struct ProtocGenRapport {
  /// Stands on line one of every generated file; raise it with each change of the output.
  static let version = "1.0"

  static func main() {
    do {
      let input = FileHandle.standardInput.readDataToEndOfFile()
      let request = try Google_Protobuf_Compiler_CodeGeneratorRequest(serializedBytes: [UInt8](input))
      var response = Google_Protobuf_Compiler_CodeGeneratorResponse()
      response.supportedFeatures = UInt64(
        Google_Protobuf_Compiler_CodeGeneratorResponse.Feature.proto3Optional.rawValue)
      do {
        response.file = try files(for: request)
      } catch let error as GeneratorError {
        response.error = error.description
      }
      let output: Data = try response.serializedBytes()
      FileHandle.standardOutput.write(output)
    } catch {
      FileHandle.standardError.write(Data("protoc-gen-rapport: \(error)\n".utf8))
      exit(1)
    }
  }

  /// All files of the module: C first, then Swift.
  private static func files(
    for request: Google_Protobuf_Compiler_CodeGeneratorRequest
  ) throws -> [Google_Protobuf_Compiler_CodeGeneratorResponse.File] {
    let settings = try Settings(parameter: request.parameter)
    let descriptors = DescriptorSet(protos: request.protoFile)
    let module = Module(settings: settings, files: descriptors.files, requested: request.fileToGenerate)
    var files = try CTranslation(module: module, protos: request.protoFile).files()
    for file in module.files {
      var emitter = FileEmitter(file: file, module: module)
      files.append(.init(path: module.settings.swiftPath(emitter.name), content: emitter.content()))
    }
    let shared = ModuleEmitter(module: module)
    files.append(.init(path: module.settings.swiftPath("\(settings.module)Files.swift"), content: shared.content()))
    return files
  }
}

extension Google_Protobuf_Compiler_CodeGeneratorResponse.File {
  init(path: String, content: String) {
    self.init()
    name = path
    self.content = content
  }
}

/// What keeps the plugin from generating; protoc prints it.
struct GeneratorError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
