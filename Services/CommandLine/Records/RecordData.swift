import ArgumentParser
import Messages

/// The values that a command writes.
struct RecordData: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The values as a JSON object, or the record in proto3 JSON; - reads standard input.", valueName: "json"))
  var data: String

  /// The record that the data describes.
  ///
  /// - Throws: ``CommandError`` naming what is wrong in it.
  func record<Kind: RecordKind>(of kind: Kind.Type, in table: String, _ session: Session) async throws -> Kind.Record {
    try await Self.record(data, of: kind, in: table, session)
  }

  /// The record that a text, or standard input, describes.
  ///
  /// In the short form, `{"firstName":"Zoë"}`, the table's definition, which is fetched, says of what kind each value
  /// is. A record in proto3 JSON is known by its member that holds the values: no value of a field is an object.
  ///
  /// - Throws: ``CommandError`` naming what is wrong in it.
  static func record<Kind: RecordKind>(
    _ data: String, of kind: Kind.Type, in table: String, _ session: Session
  ) async throws -> Kind.Record {
    let json = data == "-" ? try await InputFile("-").rest(atMost: 4 << 20) : Array(data.utf8)
    let members = try FieldData.members(of: json)
    if case .object = members[Kind.valuesMember] {
      return try JSONText.message(json, as: Kind.Record.self, from: "The data")
    }
    return try await Kind.record(FieldData.values(members, of: Kind.shape(of: table, session)))
  }
}
