import ArgumentParser
import Messages

/// `rapport entities`: the parts of a licence.
struct EntitiesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "entities",
    abstract: "The parts of the licence: brands, countries, lines of business.",
    discussion: "Example: rapport entities list",
    subcommands: [Create.self, Get.self, List.self, Update.self])

  struct Create: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Creates an entity; its id can never be changed or used again.",
      discussion: "Example: rapport entities create b2c --display-name Consumers --time-zone Europe/Brussels")

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Lower-case letters, digits and hyphens, beginning with a letter.", valueName: "id"))
    var identifier: String

    @Option(help: "What people call it.")
    var displayName: String?

    @Option(help: "IANA time zone that its days follow.")
    var timeZone: String?

    @Option(help: "Makes a repeat of this command answer what the first did.")
    var requestID: String?

    func run(in session: Session) async throws {
      var request = AccessV1.CreateEntityRequest()
      request.entityId = identifier
      request.requestId = requestID ?? ""
      request.entity = AccessV1.Entity(displayName: displayName, timeZone: timeZone)
      let entity = try await session.call(AccessV1.AccessService.createEntity, request)
      try session.output.print(entity, table: \.text)
    }
  }

  struct Get: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows one entity.", discussion: "Example: rapport entities get entities/b2c")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = AccessV1.GetEntityRequest()
      request.name = name
      let entity = try await session.call(AccessV1.AccessService.getEntity, request)
      try session.output.print(entity, table: \.text)
    }
  }

  struct List: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the entities that you may see.", discussion: "Example: rapport entities list --all")

    @OptionGroup var common: CommonOptions

    @OptionGroup var page: PageOptions

    func run(in session: Session) async throws {
      let list = try await session.page(
        AccessV1.AccessService.listEntities, AccessV1.ListEntitiesRequest(), page)
      try session.output.print(page: list) { list in
        var table = TextTable("NAME", "DISPLAY NAME", "TIME ZONE", "CREATED", empty: "You may see no entity.")
        table.rows = list.entities.map { [$0.name, $0.displayName, $0.timeZone, Moment.text($0.createTime)] }
        return table.text
      }
    }
  }

  struct Update: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Changes an entity's display name or time zone.",
      discussion: "Example: rapport entities update entities/b2c --time-zone Europe/Paris")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    @Option(help: "What people call it.")
    var displayName: String?

    @Option(help: "IANA time zone that its days follow.")
    var timeZone: String?

    func validate() throws {
      guard displayName != nil || timeZone != nil else {
        throw ValidationError("Give --display-name, --time-zone, or both.")
      }
    }

    func run(in session: Session) async throws {
      var request = AccessV1.UpdateEntityRequest()
      var entity = AccessV1.Entity(displayName: displayName, timeZone: timeZone)
      entity.name = name
      request.entity = entity
      var mask = GoogleProtobuf.FieldMask()
      mask.paths = (displayName == nil ? [] : ["display_name"]) + (timeZone == nil ? [] : ["time_zone"])
      request.updateMask = mask
      let updated = try await session.call(AccessV1.AccessService.updateEntity, request)
      try session.output.print(updated, table: \.text)
    }
  }
}

extension AccessV1.Entity {
  fileprivate init(displayName: String?, timeZone: String?) {
    self.init()
    self.displayName = displayName ?? ""
    self.timeZone = timeZone ?? ""
  }

  fileprivate var text: String {
    var details = Details()
    details.add("Name", name)
    details.add("Display name", displayName)
    details.add("Time zone", timeZone)
    details.add("Created", createTime)
    details.add("Updated", updateTime)
    return details.text
  }
}
