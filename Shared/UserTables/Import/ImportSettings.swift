package import Messages

/// What an import does, checked against the fields of its table.
package struct ImportSettings: Sendable {
  /// The fields that a file can fill.
  package let fields: [FieldDefinition]
  /// The technical name of the unique field that tells whose line it is.
  package let key: String
  package let mode: ImportPlan.Mode
  /// The file's column for each field; empty: each column is the field of its name.
  package let columns: [String: String]
  package let separator: UInt8
  package let emptyClears: Bool
  /// Where the data comes from, for the history.
  package let source: String

  /// Checks settings as they were sent.
  ///
  /// - Parameters:
  ///   - message: as sent.
  ///   - fields: those of the table that a file can fill.
  /// - Throws: ``ImportFault``, which names the setting at fault.
  package init(_ message: TypeV1.ImportSettings, fields: [FieldDefinition]) throws(ImportFault) {
    guard let key = fields.first(where: { $0.id == message.key }) else {
      throw ImportFault("The table has no field “\(message.key)”. Name a unique field.", field: "settings.key")
    }
    guard key.isUnique else {
      throw ImportFault("The field “\(message.key)” is not unique. Name a unique field.", field: "settings.key")
    }
    for (id, column) in message.columns.sorted(by: { $0.key < $1.key }) {
      guard fields.contains(where: { $0.id == id }) else {
        throw ImportFault("The table has no field “\(id)”. Name a field of it.", field: "settings.columns")
      }
      if column.isEmpty {
        throw ImportFault("The column of the field “\(id)” is empty. Name a column.", field: "settings.columns")
      }
    }
    if !message.columns.isEmpty && message.columns[message.key] == nil {
      throw ImportFault("The key “\(message.key)” has no column. Map it too.", field: "settings.columns")
    }
    guard message.source.unicodeScalars.count <= 200, !message.source.utf8.contains(0) else {
      throw ImportFault("The source has more than 200 characters, or U+0000. Shorten it.", field: "settings.source")
    }
    self.fields = fields
    self.key = message.key
    self.mode = try Self.mode(message.mode)
    self.columns = message.columns
    self.separator = try Self.separator(message.csv?.separator ?? "")
    self.emptyClears = message.emptyClears
    self.source = message.source
  }

  private static func mode(_ mode: TypeV1.ImportMode) throws(ImportFault) -> ImportPlan.Mode {
    switch mode {
    case .unspecified: .upsert
    case .create: .create
    case .update: .update
    default: throw ImportFault("The mode \(mode.rawValue) is unknown. Send a known one.", field: "settings.mode")
    }
  }

  private static func separator(_ text: String) throws(ImportFault) -> UInt8 {
    if text.isEmpty { return UInt8(ascii: ",") }
    guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, !"\"\r\n\0".utf8.contains(byte) else {
      throw ImportFault(
        "The separator is not one ASCII character other than a quote or a line break.", field: "settings.csv.separator")
    }
    return byte
  }
}
