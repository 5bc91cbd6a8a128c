import SwiftProtobufPluginLibrary

/// Writes a service as a namespace of its methods.
struct ServiceEmitter {
  let service: ServiceDescriptor
  let module: Module

  func emit(into code: inout Code) {
    var scope = SwiftName.Scope(reserved: ["descriptor"])
    code.comment(service, otherwise: "The service `\(service.fullName)`.")
    code.block("public enum \(SwiftName.typeName(service.name, suffix: "Service"))") { code in
      code.line("/// The service's methods and its file.")
      code.line(
        "public static let descriptor: ServiceDescriptor = \(module.fileExpression(service.file))"
          + ".services[\(service.index)]")
      for method in service.methods {
        let name = scope.member(SwiftName.lowerCamel(method.name), number: method.index)
        let request = SwiftName.type(method.inputType)
        let response = SwiftName.type(method.outputType)
        code.line()
        code.comment(method, otherwise: "`\(method.name)`.")
        code.line("public static let \(name) = \(kind(method))<\(request), \(response)>(")
        code.line("  descriptor.methods[\(method.index)])")
      }
    }
  }

  private func kind(_ method: MethodDescriptor) -> String {
    switch (method.clientStreaming, method.serverStreaming) {
    case (false, false): "UnaryMethod"
    case (true, false): "ClientStreamingMethod"
    case (false, true): "ServerStreamingMethod"
    case (true, true): "BidirectionalMethod"
    }
  }
}
