import ArgumentParser
import Messages

/// A kind of resource that people define in a JSON file: tables, targetings and the like.
///
/// The commands to create, get, list, update and delete it are the same for every kind.
protocol DefinedResource: Sendable {
  /// The definition.
  associatedtype Definition: Message
  /// One page of definitions.
  associatedtype List: Page where List.Item == Definition

  /// The commands' first words, after `rapport`.
  static var command: String { get }
  /// What people call one: "profile table".
  static var noun: String { get }
  /// A name as an example.
  static var example: String { get }

  static func create(_ definition: Definition, id: String, in entity: String, _ session: Session) async throws
    -> Definition
  static func get(_ name: String, _ session: Session) async throws -> Definition
  static func list(in entity: String, _ page: PageOptions, _ session: Session) async throws -> List
  static func update(
    _ definition: Definition, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> Definition

  /// A line for each.
  static func table(of definitions: [Definition]) -> TextTable
  /// One in full.
  static func text(of definition: Definition) -> String
}

extension DefinedResource {
  /// The entity of the example.
  static var exampleEntity: String { "entities/b2c" }

  /// The last part of the example.
  static var exampleID: String { example.split(separator: "/").last.map(String.init) ?? example }

  /// The five commands that every kind has, but for deleting, which differs.
  static var subcommands: [any ParsableCommand.Type] {
    [CreateCommand<Self>.self, GetCommand<Self>.self, ListCommand<Self>.self, UpdateCommand<Self>.self]
  }
}

/// The file that a definition comes from.
struct DefinitionFile: ParsableArguments {
  @Option(help: ArgumentHelp("The definition in proto3 JSON; - reads standard input.", valueName: "file"))
  var file: String

  /// Reads the definition.
  ///
  /// - Throws: ``CommandError`` naming what is wrong in it.
  func read<Definition: Message>(as type: Definition.Type) async throws -> Definition {
    let json = try await InputFile(file).rest(atMost: 4 << 20)
    return try JSONText.message(json, as: type, from: file == "-" ? "Standard input" : file)
  }
}
