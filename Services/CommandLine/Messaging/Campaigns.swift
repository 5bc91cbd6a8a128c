import ArgumentParser
import Messages

/// Campaigns, for the commands that define them.
enum Campaigns: DeletableResource {
  static let command = "campaigns"
  static let noun = "campaign"
  static let example = "entities/b2c/campaigns/come-back"

  static func create(
    _ definition: MessagingV1.Campaign, id: String, in entity: String, _ session: Session
  ) async throws -> MessagingV1.Campaign {
    var request = MessagingV1.CreateCampaignRequest()
    request.parent = entity
    request.campaignId = id
    request.campaign = definition
    return try await session.call(MessagingV1.MessagingService.createCampaign, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> MessagingV1.Campaign {
    var request = MessagingV1.GetCampaignRequest()
    request.name = name
    return try await session.call(MessagingV1.MessagingService.getCampaign, request)
  }

  static func list(in entity: String, _ page: PageOptions, _ session: Session) async throws
    -> MessagingV1.ListCampaignsResponse
  {
    var request = MessagingV1.ListCampaignsRequest()
    request.parent = entity
    return try await session.page(MessagingV1.MessagingService.listCampaigns, request, page)
  }

  static func update(
    _ definition: MessagingV1.Campaign, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> MessagingV1.Campaign {
    var request = MessagingV1.UpdateCampaignRequest()
    var definition = definition
    definition.name = name
    request.campaign = definition
    request.updateMask = mask
    return try await session.call(MessagingV1.MessagingService.updateCampaign, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = MessagingV1.DeleteCampaignRequest()
    request.name = name
    _ = try await session.call(MessagingV1.MessagingService.deleteCampaign, request)
  }

  static func table(of definitions: [MessagingV1.Campaign]) -> TextTable {
    var table = TextTable("NAME", "KIND", "STATE", "DISPLAY NAME", "LAUNCHED", empty: "There is no campaign.")
    table.rows = definitions.map {
      [$0.name, EnumWord.text($0.kind), EnumWord.text($0.state), $0.displayName, Moment.text($0.launchTime)]
    }
    return table
  }

  static func text(of definition: MessagingV1.Campaign) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("Kind", EnumWord.text(definition.kind))
    details.add("Channel", EnumWord.text(definition.channel))
    details.add("State", EnumWord.text(definition.state))
    details.add("Profile table", definition.profileTable)
    details.add("Targeting", definition.targeting)
    details.add("Subscription", definition.subscription)
    details.add("Sender", definition.sender)
    details.add("Launched", definition.launchTime)
    details.add("Version", definition.version)
    details.add("Updated", definition.updateTime)
    var contents = TextTable("LANGUAGE", "SUBJECT", empty: "It has no contents.")
    contents.rows = definition.contents.sorted { $0.key < $1.key }.map { language, content in
      [language == definition.defaultLanguage ? "\(language) (default)" : language, content.subject]
    }
    return details.text + "\n\n" + contents.text
  }
}
