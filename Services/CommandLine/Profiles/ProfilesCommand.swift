import ArgumentParser

/// `rapport profiles`: profile tables and the profiles in them.
struct ProfilesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profiles",
    abstract: "Profile tables, and the profiles in them.",
    discussion: "Example: rapport profiles get \(ProfileRecords.example)",
    subcommands: [
      Tables.self, GetRecordCommand<ProfileRecords>.self, ListRecordsCommand<ProfileRecords>.self,
      CreateRecordCommand<ProfileRecords>.self, UpsertRecordCommand<ProfileRecords>.self,
      UpdateRecordCommand<ProfileRecords>.self, DeleteRecordCommand<ProfileRecords>.self, FieldChangesCommand.self,
      ImportCommand<ProfileRecords>.self, ImportsCommand<ProfileRecords>.self,
      RefusedLinesCommand<ProfileRecords>.self, ExportCommand<ProfileRecords>.self,
    ])

  /// `rapport profiles tables`.
  struct Tables: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The shapes of profiles: attributes, subscriptions, segments and references.",
      discussion: "Example: rapport profiles tables create entities/b2c customers --file customers.json",
      subcommands: ProfileTables.subcommands + [DeleteFilledCommand<ProfileTables>.self])
  }
}
