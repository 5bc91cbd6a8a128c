import ArgumentParser
import Messages

/// `rapport keys`: the credentials of programs.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "The keys of programs, and what each may do.",
    discussion: "Example: rapport keys list",
    subcommands: [Create.self, Get.self, List.self, Update.self, Revoke.self])

  struct Create: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Creates a key and shows its secret, this once.",
      discussion: """
        Modules: \(EnumWord.list(of: OptionsV1.Module.self)).
        Rights: read, write, launch, export, erase, administer.

        Example: rapport keys create --display-name Shop --grant b2c:profiles:write --grant b2c:tables:write
        """)

    @OptionGroup var common: CommonOptions

    @Option(help: "What people call it.")
    var displayName: String

    @Option(
      parsing: .unconditionalSingleValue,
      help: ArgumentHelp("What it may do; - stands for every entity.", valueName: "entity:module:right"))
    var grant: [GrantText] = []

    @Option(help: ArgumentHelp("When it ends.", valueName: "time"))
    var expires: String?

    func run(in session: Session) async throws {
      var key = AccessV1.Key()
      key.displayName = displayName
      key.grants = grant.map(\.grant)
      key.expireTime = try expires.map { try Moment.message($0, option: "--expires") }
      var request = AccessV1.CreateKeyRequest()
      request.key = key
      let answer = try await session.call(AccessV1.AccessService.createKey, request)
      try session.output.print(answer) { answer in
        var details = Details()
        details.add("Secret", answer.secret)
        return [answer.key?.text, details.text, "Keep the secret now: it is never shown again."]
          .compactMap(\.self).joined(separator: "\n")
      }
    }
  }

  struct Get: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows one key, without its secret.", discussion: "Example: rapport keys get keys/7")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = AccessV1.GetKeyRequest()
      request.name = name
      try await session.output.print(session.call(AccessV1.AccessService.getKey, request), table: \.text)
    }
  }

  struct List: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the keys, revoked ones included.", discussion: "Example: rapport keys list --all")

    @OptionGroup var common: CommonOptions

    @OptionGroup var page: PageOptions

    func run(in session: Session) async throws {
      let list = try await session.page(AccessV1.AccessService.listKeys, AccessV1.ListKeysRequest(), page)
      try session.output.print(page: list) { list in
        var table = TextTable("NAME", "DISPLAY NAME", "GRANTS", "CREATED", "ENDS", empty: "There is no key.")
        table.rows = list.keys.map { key in
          let ends = key.revokeTime.map { "revoked \(Moment.text($0))" } ?? Moment.text(key.expireTime)
          return [key.name, key.displayName, key.grantsText, Moment.text(key.createTime), ends]
        }
        return table.text
      }
    }
  }

  struct Update: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Changes a key's display name, grants or end.",
      discussion: "Example: rapport keys update keys/7 --grant b2c:profiles:read")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    @Option(help: "What people call it.")
    var displayName: String?

    @Option(
      parsing: .unconditionalSingleValue,
      help: ArgumentHelp("All that it may do from now on.", valueName: "entity:module:right"))
    var grant: [GrantText] = []

    @Option(help: ArgumentHelp("When it ends.", valueName: "time"))
    var expires: String?

    func validate() throws {
      guard displayName != nil || !grant.isEmpty || expires != nil else {
        throw ValidationError("Give --display-name, --grant or --expires.")
      }
    }

    func run(in session: Session) async throws {
      var key = AccessV1.Key()
      var mask = GoogleProtobuf.FieldMask()
      key.name = name
      if let displayName {
        key.displayName = displayName
        mask.paths.append("display_name")
      }
      if !grant.isEmpty {
        key.grants = grant.map(\.grant)
        mask.paths.append("grants")
      }
      if let expires {
        key.expireTime = try Moment.message(expires, option: "--expires")
        mask.paths.append("expire_time")
      }
      var request = AccessV1.UpdateKeyRequest()
      request.key = key
      request.updateMask = mask
      try await session.output.print(session.call(AccessV1.AccessService.updateKey, request), table: \.text)
    }
  }

  struct Revoke: SuiteCommand {
    static let configuration = CommandConfiguration(
      abstract: "Revokes a key for ever; its tokens end within a second.",
      discussion: "Example: rapport keys revoke keys/7")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its whole name.")
    var name: String

    func run(in session: Session) async throws {
      var request = AccessV1.RevokeKeyRequest()
      request.name = name
      try await session.output.print(session.call(AccessV1.AccessService.revokeKey, request), table: \.text)
    }
  }
}

extension AccessV1.Key {
  fileprivate var grantsText: String { grants.map(GrantText.text).joined(separator: " ") }

  fileprivate var text: String {
    var details = Details()
    details.add("Name", name)
    details.add("Display name", displayName)
    details.add("Grants", grantsText)
    details.add("Created", createTime)
    details.add("Ends", expireTime)
    details.add("Revoked", revokeTime)
    return details.text
  }
}
