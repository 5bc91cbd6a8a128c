import Foundation
import Messages

/// The methods that a client may call.
struct MethodCatalog: Sendable {
  /// By service and name.
  private(set) var methods: [MethodInfo]

  /// The suite's public methods, with those of health and reflection.
  static let suite = MethodCatalog(MessageRegistry.services.flatMap(\.methods))

  /// - Parameter methods: those that only services may call are left out.
  init(_ methods: [MethodInfo]) {
    self.methods = methods.filter { $0.rule?.right != .internal }.sorted { $0.path < $1.path }
  }

  /// The method of a name: `rapport.profiles.v1.ProfileService/GetProfile`, or an end of that which no other has,
  /// beginning at a whole word.
  ///
  /// - Throws: ``CommandError`` that names those that come near.
  func method(named name: String) throws -> MethodInfo {
    let wanted = name.hasPrefix("/") ? String(name.dropFirst()) : name
    let fitting = methods.filter { method in
      method.callName == wanted || method.callName.hasSuffix("/" + wanted) || method.callName.hasSuffix("." + wanted)
    }
    if let exact = fitting.first(where: { $0.callName == wanted }) { return exact }
    guard fitting.count <= 1 else {
      throw CommandError.usage("Several methods are called \(name): \(Self.names(of: fitting)). Give more of the name.")
    }
    guard let only = fitting.first else { throw unknown(wanted) }
    return only
  }

  private func unknown(_ name: String) -> CommandError {
    let last = name.split(separator: "/").last.map { $0.lowercased() } ?? ""
    let near = methods.filter { method in
      !last.isEmpty && (method.name.lowercased().contains(last) || last.contains(method.name.lowercased()))
    }
    let advice = near.isEmpty ? "rapport call --list lists them." : "Is it \(Self.names(of: Array(near.prefix(5))))?"
    return CommandError.usage("There is no method \(name). \(advice)")
  }

  private static func names(of methods: [MethodInfo]) -> String {
    methods.map(\.callName).joined(separator: ", ")
  }

  /// Prints the methods of the suite's own API.
  func print(as format: OutputFormat) throws {
    let own = methods.filter { $0.rule != nil }
    switch format {
    case .table:
      var table = TextTable("METHOD", "STREAMS", "RIGHT")
      table.rows = own.map { [$0.callName, $0.streams, $0.rightText] }
      try Console.print(table.text)
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.withoutEscapingSlashes]
      try Console.print(String(decoding: encoder.encode(["methods": own.map(\.callName)]), as: UTF8.self))
    }
  }
}

extension MethodInfo {
  /// `rapport.profiles.v1.ProfileService/GetProfile`.
  var callName: String { "\(service)/\(name)" }

  fileprivate var streams: String {
    switch kind {
    case .unary: "-"
    case .clientStreaming: "in"
    case .serverStreaming: "out"
    case .bidirectional: "both"
    }
  }

  /// `profiles:read`.
  fileprivate var rightText: String {
    guard let rule else { return "" }
    let right = EnumWord.text(rule.right)
    return rule.module == .unspecified ? right : "\(EnumWord.text(rule.module)):\(right)"
  }
}
