import ArgumentParser
import Messages

/// Senders of messages, for the commands that define them.
enum Senders: DeletableResource {
  static let command = "senders"
  static let noun = "sender"
  static let example = "entities/b2c/senders/shop"

  static func create(
    _ definition: MessagingV1.Sender, id: String, in entity: String, _ session: Session
  ) async throws -> MessagingV1.Sender {
    var request = MessagingV1.CreateSenderRequest()
    request.parent = entity
    request.senderId = id
    request.sender = definition
    return try await session.call(MessagingV1.MessagingService.createSender, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> MessagingV1.Sender {
    var request = MessagingV1.GetSenderRequest()
    request.name = name
    return try await session.call(MessagingV1.MessagingService.getSender, request)
  }

  static func list(in entity: String, _ page: PageOptions, _ session: Session) async throws
    -> MessagingV1.ListSendersResponse
  {
    var request = MessagingV1.ListSendersRequest()
    request.parent = entity
    return try await session.page(MessagingV1.MessagingService.listSenders, request, page)
  }

  static func update(
    _ definition: MessagingV1.Sender, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> MessagingV1.Sender {
    var request = MessagingV1.UpdateSenderRequest()
    var definition = definition
    definition.name = name
    request.sender = definition
    request.updateMask = mask
    return try await session.call(MessagingV1.MessagingService.updateSender, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = MessagingV1.DeleteSenderRequest()
    request.name = name
    _ = try await session.call(MessagingV1.MessagingService.deleteSender, request)
  }

  static func table(of definitions: [MessagingV1.Sender]) -> TextTable {
    var table = TextTable("NAME", "DISPLAY NAME", "ADDRESS", "REPLY TO", empty: "There is no sender.")
    table.rows = definitions.map { [$0.name, $0.displayName, $0.emailAddress, $0.replyTo] }
    return table
  }

  static func text(of definition: MessagingV1.Sender) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("Address", definition.emailAddress)
    details.add("Reply to", definition.replyTo)
    details.add("Created", definition.createTime)
    details.add("Updated", definition.updateTime)
    return details.text
  }
}
