internal import Messages
internal import RPC
internal import ServiceKit
internal import Templates
internal import UserTables

/// Checks that what a campaign names exists: its tables, its subscription, and whatever its templates reach.
struct CampaignChecker: Sendable {
  let profiles: ProfileDirectory
  let targetings: TargetingDirectory
  let rows: RowDirectory

  /// - Returns: the profile table.
  /// - Throws: ``RPCError`` INVALID_ARGUMENT or NOT_FOUND, naming the field; of a template with line and column.
  func check(
    _ campaign: MessagingV1.Campaign, entity: Principal.Entity, _ call: Call
  ) async throws -> ProfileTableShape {
    let contents = try CampaignContents(campaign)
    let table = try await profileTable(of: campaign, entity: entity, call)
    if !campaign.subscription.isEmpty {
      let held = table.message.subscriptions.first { $0.id == campaign.subscription }
      guard held?.channel == .email else {
        throw RPCError.invalid(
          "campaign.subscription", "The profile table has no e-mail subscription of this name. Name one that it has.")
      }
    }
    guard table.emailAddress != nil else {
      throw RPCError.invalid(
        "campaign.profile_table", "It has no attribute for e-mail addresses. Add one, or name another.")
    }
    try await checkTargeting(of: campaign, entity: entity, call)
    try Self.requireReading(contents.needs, of: table, call)
    var names = TemplateNames(campaign: campaign, table: table)
    for repository in contents.needs.references.compactMap({ table.repositories[$0] }) {
      names.tables[repository] = try await customTable(repository, entity: entity, call)
    }
    for id in contents.needs.tables.keys {
      let name = "entities/\(entity.key)/customTables/\(id)"
      names.tables[name] = try await customTable(name, entity: entity, call)
    }
    for use in contents.needs.uses {
      guard let problem = names.problem(of: use.mention) else { continue }
      throw RPCError.invalid(use.content, "Line \(use.mention.line), column \(use.mention.column): \(problem)")
    }
    return table
  }

  /// Refuses a caller who may not read what the templates of a campaign show.
  func requireReading(_ campaign: MessagingV1.Campaign, entity: Principal.Entity, _ call: Call) async throws {
    let needs = try CampaignContents(campaign).needs
    if needs.tables.isEmpty && needs.references.isEmpty { return }
    let table = try await profiles.describe(campaign.profileTable, entity: entity, deadline: call.deadline)
    try Self.requireReading(needs, of: table, call)
  }

  /// Rows are read for a campaign in Messaging's own name: whoever may not read them gets none by a template either.
  static func requireReading(_ needs: ContentNeeds, of table: ProfileTableShape, _ call: Call) throws {
    guard needs.reachRows(of: table) else { return }
    let name = try ResourceName(table.message.name)
    for module in [OptionsV1.Module.profiles, .tables] {
      _ = try call.access.require(.read, of: module, for: name)
    }
  }

  private func profileTable(
    of campaign: MessagingV1.Campaign, entity: Principal.Entity, _ call: Call
  ) async throws -> ProfileTableShape {
    let field = "campaign.profile_table"
    let match = try name(campaign.profileTable, as: MessagingNames.profileTable, field: field)
    let other = try call.access.require(.read, of: .profiles, for: match.name)
    guard other == entity.id else {
      throw RPCError.invalid(field, "It is of another entity. Name a profile table of the campaign's entity.")
    }
    return try await profiles.describe(match.description, entity: entity, deadline: call.deadline)
  }

  /// Nil where there is none, or the name is none of a table.
  private func customTable(
    _ name: String, entity: Principal.Entity, _ call: Call
  ) async throws -> TablesV1.CustomTable? {
    do { return try await rows.describe(name, entity: entity, deadline: call.deadline) } catch let error as RPCError
      where error.code == .notFound || error.code == .invalidArgument
    {
      return nil
    }
  }

  private func checkTargeting(
    of campaign: MessagingV1.Campaign, entity: Principal.Entity, _ call: Call
  ) async throws {
    if campaign.targeting.isEmpty { return }
    let field = "campaign.targeting"
    let match = try name(campaign.targeting, as: MessagingNames.targeting, field: field)
    guard match.id("entity") == entity.key else {
      throw RPCError.invalid(field, "It is of another entity. Name a targeting of the campaign's entity.")
    }
    let table = try await targetings.profileTable(of: match.description, entity: entity, deadline: call.deadline)
    guard table == campaign.profileTable else {
      throw RPCError.invalid(field, "It picks from \(table), another profile table than the campaign's. Name another.")
    }
  }
}

/// What the templates of a campaign may name.
struct TemplateNames {
  let campaign: MessagingV1.Campaign
  let table: ProfileTableShape
  /// Custom tables by name; those that do not exist are left out.
  var tables: [String: TablesV1.CustomTable] = [:]

  init(campaign: MessagingV1.Campaign, table: ProfileTableShape) {
    self.campaign = campaign
    self.table = table
  }

  /// Why a name cannot be used; nil when it can.
  func problem(of mention: Mention) -> String? {
    let path = mention.path
    switch path[0] {
    case "profile": return profileProblem(path)
    case "rows": return rowsProblem(path)
    case "values": return nil
    case "web_version_url": return nil
    case "unsubscribe_url":
      return campaign.kind == .transactional ? "A transactional message has no unsubscribe link. Remove it." : nil
    default:
      return "There is no “\(path[0])”. There are profile, rows, values, unsubscribe_url and web_version_url."
    }
  }

  private func profileProblem(_ path: [String]) -> String? {
    guard path.count > 1 else { return "Name a field of the profile, such as profile.firstName." }
    guard table.fields.contains(path[1]) else { return "The profile table has no field “\(path[1])”. Correct it." }
    guard path.count > 2, !Self.listWords.contains(path[2]) else { return nil }
    guard let repository = table.repositories[path[1]] else {
      return "“\(path[1])” is no reference, so nothing stands behind it. Remove “.\(path[2])”."
    }
    return columnProblem(path[2], of: repository)
  }

  private func rowsProblem(_ path: [String]) -> String? {
    guard path.count > 1 else { return "Name a custom table, such as rows.orders." }
    let parts = campaign.profileTable.split(separator: "/")
    let name = "entities/\(parts.count > 1 ? parts[1] : "")/customTables/\(path[1])"
    guard let found = tables[name] else { return "There is no custom table “\(path[1])”. Correct it." }
    guard found.profileTable == campaign.profileTable else {
      return "The rows of “\(path[1])” do not belong to profiles of the campaign's table. Name another."
    }
    guard path.count > 2 else { return nil }
    guard Self.listWords.contains(path[2]) else {
      return "“\(path[1])” is a list. Go through it with `{% for … in rows.\(path[1]) %}`."
    }
    return path.count > 3 ? columnProblem(path[3], of: name) : nil
  }

  private func columnProblem(_ column: String, of name: String) -> String? {
    guard let found = tables[name] else { return "The custom table \(name) does not exist any more. Remove this." }
    let columns = found.columns.map(\.id) + found.links.map(\.id) + [found.profileLink?.id].compactMap(\.self)
    if columns.contains(column) { return nil }
    return "The custom table \(name) has no column “\(column)”. Correct it."
  }

  private static let listWords: Set = ["[]", "size", "first", "last"]
}
