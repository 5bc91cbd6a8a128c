import SwiftProtobufPluginLibrary

/// Writes a proto enum as an open set of numbers.
struct EnumEmitter {
  let enumeration: EnumDescriptor

  private static let reserved: Set<String> = ["rawValue", "description", "allCases"]

  func emit(into code: inout Code) {
    let name = SwiftName.typeName(enumeration.name, suffix: "Enum")
    var scope = SwiftName.Scope(reserved: Self.reserved)
    let values = enumeration.values.map { value in
      let stripped = SwiftName.enumValue(value.name, of: enumeration.name)
      return (value, scope.member(stripped, number: Int(value.number)))
    }
    code.comment(enumeration, otherwise: "`\(enumeration.fullName)`.")
    code.block("public struct \(name)") { code in
      for (value, member) in values {
        code.comment(value, otherwise: "`\(value.name)`.")
        code.line("public static let \(member) = Self(rawValue: \(value.number))")
      }
      code.line()
      code.line("/// The values that have names, in the order of the .proto.")
      code.line("public static let allCases: [Self] = [\(values.map { "\($0.1)" }.joined(separator: ", "))]")
      code.line()
      code.line("/// The number on the wire.")
      code.line("public var rawValue: Int32")
      code.line("/// The value 0.")
      code.line("public init() { rawValue = 0 }")
      code.line("/// The value with this number, named or not.")
      code.line("public init(rawValue: Int32) { self.rawValue = rawValue }")
      code.line()
      emitDescription(into: &code)
    }
  }

  private func emitDescription(into code: inout Code) {
    code.line("/// The value's name in the .proto, or its number where it has none.")
    code.block("public var description: String") { code in
      code.line("switch rawValue {")
      var named: Set<Int32> = []  // An alias has a name of its own, but the first one is the number's.
      for value in enumeration.values where named.insert(value.number).inserted {
        code.line("case \(value.number): \"\(value.name)\"")
      }
      code.line("default: \"\\(rawValue)\"")
      code.line("}")
    }
  }
}
