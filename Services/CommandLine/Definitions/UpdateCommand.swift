import ArgumentParser
import Messages

/// `rapport … update NAME --file FILE`.
struct UpdateCommand<Kind: DefinedResource>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "update",
      abstract: "Changes a \(Kind.noun) to what a JSON file says.",
      discussion: """
        Without --update-mask, what the file sets is changed and the rest stays.

        Example: rapport \(Kind.command) update \(Kind.example) --file definition.json --update-mask displayName
        """)
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name.")
  var name: String

  @OptionGroup var definition: DefinitionFile

  @Option(help: ArgumentHelp("The fields to change, with commas between them.", valueName: "field,…"))
  var updateMask: String?

  func run(in session: Session) async throws {
    let definition = try await definition.read(as: Kind.Definition.self)
    let mask = updateMask.map(FieldMasks.definition)
    let updated = try await Kind.update(definition, named: name, mask: mask, session)
    try session.output.print(updated, table: Kind.text)
  }
}

/// Field masks as people write them.
enum FieldMasks {
  /// Of a definition: `displayName,attributes` or `display_name,attributes`.
  static func definition(_ text: String) -> GoogleProtobuf.FieldMask {
    mask(paths(text).map(\.snakeCase))
  }

  /// Of values by technical name, which are kept as they are: `firstName,tier` stands for `fields.firstName,fields.tier`.
  static func values(_ text: String, in field: String) -> GoogleProtobuf.FieldMask {
    mask(paths(text).map { $0 == field || $0.hasPrefix("\(field).") ? $0 : "\(field).\($0)" })
  }

  private static func paths(_ text: String) -> [String] {
    text.split(separator: ",").map { String($0.drop { $0 == " " }) }
  }

  private static func mask(_ paths: [String]) -> GoogleProtobuf.FieldMask {
    var mask = GoogleProtobuf.FieldMask()
    mask.paths = paths
    return mask
  }
}

extension String {
  fileprivate var snakeCase: String {
    reduce(into: "") { text, character in
      text += character.isUppercase ? "_\(character.lowercased())" : String(character)
    }
  }
}
