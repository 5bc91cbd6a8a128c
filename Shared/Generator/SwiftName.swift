import SwiftProtobufPluginLibrary

/// How proto names become Swift names.
enum SwiftName {
  /// `rapport.profiles.v1` → `ProfilesV1`, `grpc.health.v1` → `GRPCHealthV1`.
  static func namespace(_ package: String) -> String {
    let acronyms = ["grpc": "GRPC", "rpc": "RPC", "api": "API"]
    var pieces = package.split(separator: ".").map(String.init)
    if pieces.count > 1, pieces.first == "rapport" { pieces.removeFirst() }
    return pieces.map { acronyms[$0] ?? upperCamel($0) }.joined()
  }

  /// `rapport/profiles/v1/profile.proto` → `rapport_profiles_v1_profile`.
  static func file(_ path: String) -> String {
    String(path.replacing(".proto", with: "").map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  static func lowerCamel(_ name: String) -> String {
    let pieces = words(name)
    guard let first = pieces.first else { return "field" }
    return ([first.prefix(1).lowercased() + first.dropFirst()] + pieces.dropFirst().map(capitalized)).joined()
  }

  static func upperCamel(_ name: String) -> String { words(name).map(capitalized).joined() }

  /// The pieces between underscores; pieces all in capitals are lowered, so that `FIELD_TYPE` is not `FIELDTYPE`.
  private static func words(_ name: String) -> [String] {
    name.split(separator: "_").map { $0.contains(where: \.isLowercase) ? String($0) : $0.lowercased() }
  }

  private static func capitalized(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

  // MARK: Types

  /// The full Swift name: `ProfilesV1.Profile`.
  static func type(_ message: Descriptor) -> String {
    let parent = message.containingType.map(type) ?? namespace(message.file.package)
    return "\(parent).\(typeName(message.name, suffix: "Message"))"
  }

  /// The full Swift name of an enum.
  static func type(_ enumeration: EnumDescriptor) -> String {
    let parent = enumeration.containingType.map(type) ?? namespace(enumeration.file.package)
    return "\(parent).\(typeName(enumeration.name, suffix: "Enum"))"
  }

  /// A type's own name; one that Swift keeps for itself, or that the generated code uses, takes a suffix.
  static func typeName(_ name: String, suffix: String) -> String {
    let camel = upperCamel(name)
    return reservedTypes.contains(camel) ? camel + suffix : camel
  }

  /// A oneof's enum: the oneof's name, with `Choice` behind it where a nested type has that name already.
  static func oneofType(_ oneof: OneofDescriptor) -> String {
    let camel = upperCamel(oneof.name)
    let message: Descriptor = oneof.containingType
    let nested =
      message.messages.map { typeName($0.name, suffix: "Message") }
      + message.enums.map { typeName($0.name, suffix: "Enum") }
    return reservedTypes.contains(camel) || nested.contains(camel) ? camel + "Choice" : camel
  }

  private static let reservedTypes: Set<String> = [
    "Any", "AnyObject", "Array", "Bool", "Dictionary", "Double", "Float", "Hashable", "Int", "Int32", "Int64",
    "Optional", "Protocol", "Self", "Sendable", "Set", "String", "Swift", "Type", "UInt32", "UInt64", "UInt8",
  ]

  // MARK: Members

  /// Names within one scope: no two alike, none that the scope needs itself, keywords in backticks.
  struct Scope {
    private let reserved: Set<String>
    private var taken: Set<String> = []

    /// - Parameter reserved: what the generated code needs itself; a member of such a name takes an underscore.
    init(reserved: Set<String>) { self.reserved = reserved.union(SwiftName.reservedMembers) }

    /// - Parameter number: the field's or value's, which tells it apart if another one has the same Swift name.
    mutating func member(_ name: String, number: Int) -> String {
      var result = name.first?.isNumber == true ? "_\(name)" : name
      if reserved.contains(result) { result += "_" }
      if taken.contains(result) { result += "_\(abs(number))" }
      while taken.contains(result) { result += "_" }
      taken.insert(result)
      return SwiftName.keywords.contains(result) ? "`\(result)`" : result
    }
  }

  /// Names that work nowhere as a member, or mean something else there.
  private static let reservedMembers: Set<String> = ["init", "self", "hash", "hashValue", "none", "some"]

  private static let keywords: Set<String> = [
    "as", "associatedtype", "await", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do",
    "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in",
    "inout", "internal", "is", "let", "nil", "operator", "package", "precedencegroup", "private", "protocol", "public",
    "repeat", "rethrows", "return", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true",
    "try", "typealias", "var", "where", "while",
  ]

  /// `FIELD_TYPE_STRING` of enum `FieldType` → `string`.
  static func enumValue(_ value: String, of enumeration: String) -> String {
    var rest = Substring(value)
    var prefix = Substring(enumeration).filter { $0 != "_" }.uppercased()[...]
    while let wanted = prefix.first, let found = rest.first, found == "_" || found.uppercased() == String(wanted) {
      if found != "_" { prefix.removeFirst() }
      rest.removeFirst()
    }
    let stripped = prefix.isEmpty && rest.first == "_" && rest.count > 1
    return lowerCamel(stripped ? String(rest.dropFirst()) : value)
  }
}
