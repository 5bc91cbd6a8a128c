/// The form of one kind of name, and the way to read and write such names.
///
/// ```swift
/// static let pattern = ResourcePattern("entities/{entity}/profileTables/{table}/profiles/{profile=}")
/// let name = try pattern.match(request.name)
/// name["table"].text    // "customers"
/// name["profile"]       // .id("42") or .key(field: "emailAddress", value: "…")
/// pattern.name("b2c", "customers", "42")
/// ```
///
/// `{table}` takes an id, `{profile=}` an id or a unique key, `{entity-}` an id or `-`.
package struct ResourcePattern: Sendable, Hashable, CustomStringConvertible {
  private struct Variable: Sendable, Hashable {
    var collection: String
    var name: String
    var takesKey: Bool
    var takesAny: Bool
  }

  private let variables: [Variable]

  /// The pattern as it is shown in errors.
  package let description: String

  /// Parses a pattern that stands in the code.
  ///
  /// - Precondition: collections and variables alternate.
  package init(_ text: StaticString) {
    let pieces = "\(text)".split(separator: "/").map(String.init)
    precondition(pieces.count.isMultiple(of: 2), "a pattern pairs collections with variables: \(text)")
    variables = stride(from: 0, to: pieces.count, by: 2).map { index in
      let variable = pieces[index + 1]
      precondition(variable.hasPrefix("{") && variable.hasSuffix("}"), "not a variable: \(variable)")
      let inner = variable.dropFirst().dropLast()
      let name = inner.prefix { $0 != "=" && $0 != "-" }
      return Variable(
        collection: pieces[index], name: String(name), takesKey: inner.hasSuffix("="), takesAny: inner.hasSuffix("-"))
    }
    description = variables.map { "\($0.collection)/{\($0.name)}" }.joined(separator: "/")
  }

  /// Reads a name of this form.
  ///
  /// - Throws: ``ResourceNameError`` naming the part at fault.
  package func match(_ text: String) throws(ResourceNameError) -> ResourceMatch {
    try match(ResourceName(text))
  }

  /// Checks that a name has this form.
  ///
  /// - Throws: ``ResourceNameError`` naming the part at fault.
  package func match(_ name: ResourceName) throws(ResourceNameError) -> ResourceMatch {
    for (index, part) in name.parts.enumerated() {
      guard index < variables.count, part.collection == variables[index].collection else {
        throw .notOfPattern(self, collection: part.collection)
      }
      switch part.id {
      case .key where !variables[index].takesKey: throw .keyNotAllowed(collection: part.collection)
      case .any where !variables[index].takesAny: throw .wildcardNotAllowed(collection: part.collection)
      default: break
      }
    }
    guard name.parts.count == variables.count else {
      throw .notOfPattern(self, collection: nil)
    }
    return ResourceMatch(name: name, variables: variables.map(\.name))
  }

  /// Writes a name of this form.
  ///
  /// - Precondition: as many ids as variables.
  package func name(_ ids: String...) -> ResourceName {
    name(ids.map(ResourceID.id))
  }

  /// Writes a name of this form.
  ///
  /// - Precondition: as many ids as variables.
  package func name(_ ids: [ResourceID]) -> ResourceName {
    precondition(ids.count == variables.count, "\(self) has \(variables.count) ids")
    return ResourceName(parts: zip(variables, ids).map { ResourceName.Part($0.collection, $1) })
  }
}

/// A name that has a pattern's form.
package struct ResourceMatch: Sendable, Hashable, CustomStringConvertible {
  /// The name.
  package let name: ResourceName
  private let variables: [String]

  init(name: ResourceName, variables: [String]) {
    self.name = name
    self.variables = variables
  }

  /// What a variable of the pattern stands for.
  ///
  /// - Precondition: the pattern has the variable.
  package subscript(_ variable: String) -> ResourceID {
    guard let index = variables.firstIndex(of: variable) else {
      preconditionFailure("the pattern has no variable \(variable)")
    }
    return name.parts[index].id
  }

  /// What a variable that takes neither key nor `-` stands for; empty for those.
  ///
  /// - Precondition: the pattern has the variable.
  package func id(_ variable: String) -> String {
    self[variable].text ?? ""
  }

  /// The name as it is written.
  package var description: String { name.description }
}
