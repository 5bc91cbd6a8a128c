import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes what the files of a module share: the namespaces of its packages and the list of its files and messages.
struct ModuleEmitter {
  let module: Module

  func content() -> String {
    var code = Code()
    if !module.settings.imports.isEmpty {
      code.line("package import \(module.settings.imports)")
      code.line()
    }
    for package in Set(module.files.map(\.package)).sorted() {
      code.line("/// The proto package `\(package)`.")
      code.line("public enum \(SwiftName.namespace(package)) {}")
      code.line()
    }
    code.line("/// The .proto files of the module.")
    code.block("package enum \(module.settings.module)Files") { code in
      emitList(of: module.files.map { SwiftName.file($0.name) }.sorted(), into: &code)
      code.line()
      code.line("/// Every message type, by file and place.")
      code.line("package static let types: [any Message.Type] = [")
      let messages = module.files.flatMap { allMessages($0.messages) }.filter { !$0.options.mapEntry }
      code.lines(messages.map { "  \(SwiftName.type($0)).self," }.sorted())
      code.line("]")
    }
    return module.header(source: "all files") + code.text
  }

  private func emitList(of files: [String], into code: inout Code) {
    code.line("/// Every file.")
    code.line("package static let all: [FileDescriptor] = [")
    code.lines(files.map { "  \($0)," })
    code.line("]")
  }

  private func allMessages(_ messages: [Descriptor]) -> [Descriptor] {
    messages.flatMap { [$0] + allMessages($0.messages) }
  }
}
