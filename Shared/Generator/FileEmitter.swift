import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes the Swift of one .proto file: its messages, enums, services, and its descriptor.
struct FileEmitter {
  private let file: FileDescriptor
  private let module: Module
  private var code = Code()

  /// The name of the Swift file; flat, because a module's file names must differ.
  var name: String { "\(SwiftName.file(file.name)).swift" }

  init(file: FileDescriptor, module: Module) {
    self.file = file
    self.module = module
  }

  mutating func content() -> String {
    let messages = allMessages(file.messages)
    if !messages.isEmpty { code.line("package import \(module.settings.cModule)") }
    if !module.settings.imports.isEmpty { code.line("public import \(module.settings.imports)") }
    if !file.messages.isEmpty || !file.enums.isEmpty || !file.services.isEmpty { emitTypes() }
    for (index, message) in messages.enumerated() where !message.options.mapEntry {
      code.line()
      MessageEmitter(message: message, index: index, module: module).emitConversion(into: &code)
    }
    for enumeration in file.enums + messages.flatMap(\.enums) {
      code.line()
      code.line("extension \(SwiftName.type(enumeration)): MessageEnum {}")
    }
    emitDescriptor()
    return module.header(source: file.name) + code.text
  }

  private func allMessages(_ messages: [Descriptor]) -> [Descriptor] {
    messages.flatMap { [$0] + allMessages($0.messages) }
  }

  private mutating func emitTypes() {
    code.line()
    code.block("extension \(SwiftName.namespace(file.package))") { code in
      for (position, message) in file.messages.enumerated() {
        if position > 0 { code.line() }
        MessageEmitter(message: message, index: 0, module: module).emitStruct(into: &code)
      }
      for enumeration in file.enums {
        code.line()
        EnumEmitter(enumeration: enumeration).emit(into: &code)
      }
      for service in file.services {
        code.line()
        ServiceEmitter(service: service, module: module).emit(into: &code)
      }
    }
  }

  /// The file's descriptor without its comments, as text: a long array literal takes the compiler minutes.
  private mutating func emitDescriptor() {
    var proto = file.extractProto()
    proto.clearSourceCodeInfo()
    let bytes: Data = (try? proto.serializedBytes()) ?? Data()
    let imports = file.dependencies.map(module.fileExpression)
    code.line()
    code.block("extension \(module.settings.module)Files") { code in
      code.line("/// \(file.name)")
      code.line("package static let \(SwiftName.file(file.name)) = FileDescriptor(")
      code.line("  imports: [\(imports.joined(separator: ", "))],")
      code.line("  base64: \"\"\"")
      var rest = bytes.base64EncodedString()[...]
      while !rest.isEmpty {
        let end = rest.count > 108
        code.line("    \(rest.prefix(108))\(end ? "\\" : "")")
        rest = rest.dropFirst(108)
      }
      code.line("    \"\"\")")
    }
  }
}
