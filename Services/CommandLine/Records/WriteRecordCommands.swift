import ArgumentParser
import Messages

/// `rapport profiles create TABLE --data JSON`, `rapport rows create …`.
struct CreateRecordCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "create",
      abstract: "Creates a \(Kind.noun).",
      discussion: "Example: rapport \(Kind.command) create \(Kind.exampleTable) --data '\(Kind.exampleData)'")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "The table's whole name.")
  var table: String

  @OptionGroup var data: RecordData

  @OptionGroup var origin: Kind.Origin

  func run(in session: Session) async throws {
    let record = try await data.record(of: Kind.self, in: table, session)
    let created = try await Kind.create(record, in: table, origin, session)
    try session.output.print(created) { try Kind.text(of: $0, shape: TableShape()) }
  }
}

/// `rapport profiles upsert NAME --data JSON`, `rapport rows upsert …`.
struct UpsertRecordCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "upsert",
      abstract: "Changes the \(Kind.noun) with a unique value, or creates it.",
      discussion: "Example: rapport \(Kind.command) upsert \(Kind.example) --data '\(Kind.exampleData)'")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name, which ends in field=value.")
  var name: String

  @OptionGroup var data: RecordData

  @OptionGroup var origin: Kind.Origin

  func run(in session: Session) async throws {
    let record = try await data.record(of: Kind.self, in: Kind.table(of: name), session)
    let answer = try await Kind.upsert(record, named: name, origin, session)
    try session.output.print(answer) { answer in
      let (record, isNew) = Kind.upserted(answer)
      let text = try record.map { try Kind.text(of: $0, shape: TableShape()) } ?? ""
      return (isNew ? "Created.\n" : "Changed.\n") + text
    }
  }
}

/// `rapport profiles update NAME --data JSON`, `rapport rows update …`.
struct UpdateRecordCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "update",
      abstract: "Changes values of one \(Kind.noun); null clears one.",
      discussion: "Example: rapport \(Kind.command) update \(Kind.example) --data '\(Kind.exampleData)'")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name, which ends in its number or in field=value.")
  var name: String

  @OptionGroup var data: RecordData

  @Option(
    help: ArgumentHelp(
      "The fields to change; one of them that the data lacks is cleared. Without it: all that the data has.",
      valueName: "field,…"))
  var updateMask: String?

  @OptionGroup var origin: Kind.Origin

  func run(in session: Session) async throws {
    let record = try await data.record(of: Kind.self, in: Kind.table(of: name), session)
    let mask = updateMask.map { FieldMasks.values($0, in: Kind.valuesMember) }
    let updated = try await Kind.update(record, named: name, mask: mask, origin, session)
    try session.output.print(updated) { try Kind.text(of: $0, shape: TableShape()) }
  }
}

/// `rapport profiles delete NAME`, `rapport rows delete NAME`.
struct DeleteRecordCommand<Kind: RecordKind>: SuiteCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "delete",
      abstract: "Deletes one \(Kind.noun).",
      discussion: "Example: rapport \(Kind.command) delete \(Kind.example)")
  }

  @OptionGroup var common: CommonOptions

  @Argument(help: "Its whole name, which ends in its number or in field=value.")
  var name: String

  func run(in session: Session) async throws {
    try await Kind.delete(name, session)
    try session.output.print(GoogleProtobuf.Empty()) { _ in "\(name) is deleted." }
  }
}
