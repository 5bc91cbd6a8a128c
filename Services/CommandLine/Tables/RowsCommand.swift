import ArgumentParser

/// `rapport rows`: custom tables and the rows in them.
struct RowsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rows",
    abstract: "Custom tables, and the rows in them: orders, stores, contracts.",
    discussion: "Example: rapport rows list \(RowRecords.exampleTable) --page-size 20",
    subcommands: [
      Tables.self, GetRecordCommand<RowRecords>.self, ListRecordsCommand<RowRecords>.self,
      CreateRecordCommand<RowRecords>.self, UpsertRecordCommand<RowRecords>.self,
      UpdateRecordCommand<RowRecords>.self, DeleteRecordCommand<RowRecords>.self,
      ImportCommand<RowRecords>.self, ImportsCommand<RowRecords>.self, RefusedLinesCommand<RowRecords>.self,
      ExportCommand<RowRecords>.self,
    ])

  /// `rapport rows tables`.
  struct Tables: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The shapes of rows: columns, and links to profiles and other rows.",
      discussion: "Example: rapport rows tables create entities/b2c orders --file orders.json",
      subcommands: CustomTables.subcommands + [DeleteFilledCommand<CustomTables>.self])
  }
}
