internal import Mail
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about senders.
struct SenderHandlers: Sendable {
  let store: SenderStore
  let pages: PageTokens
  let time: any TimeSource

  func register(on router: inout Router) {
    router.handle(MessagingV1.MessagingService.createSender) { try await create($0, $1) }
    router.handle(MessagingV1.MessagingService.getSender) { try await get($0, $1) }
    router.handle(MessagingV1.MessagingService.listSenders) { try await list($0, $1) }
    router.handle(MessagingV1.MessagingService.updateSender) { try await update($0, $1) }
    router.handle(MessagingV1.MessagingService.deleteSender) { try await delete($0, $1) }
  }

  private func create(_ request: MessagingV1.CreateSenderRequest, _ call: Call) async throws -> MessagingV1.Sender {
    let parent = try name(request.parent, as: MessagingNames.entity, field: "parent")
    let entity = try call.access.scope(of: call.access.require(.write, of: .messaging, for: parent.name))
    if let problem = TechnicalName.problem(ofResource: request.senderId) {
      throw RPCError.invalid("sender_id", problem)
    }
    let sender = request.sender ?? .init()
    try Self.check(sender)
    guard let created = try await store.create(sender, id: request.senderId, entity: entity, now: time.now) else {
      throw RPCError.senderExists(request.senderId)
    }
    return created.message
  }

  private func get(_ request: MessagingV1.GetSenderRequest, _ call: Call) async throws -> MessagingV1.Sender {
    let match = try name(request.name, as: MessagingNames.sender, field: "name")
    let entity = try call.access.scope(of: call.access.require(.read, of: .messaging, for: match.name))
    guard let found = try await store.find(match.id("sender"), entity: entity) else {
      throw RPCError.notFound(match.name)
    }
    return found.message
  }

  private func list(
    _ request: MessagingV1.ListSendersRequest, _ call: Call
  ) async throws -> MessagingV1.ListSendersResponse {
    let parent = try name(request.parent, as: MessagingNames.parent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .messaging), name: \.message.name) {
      try await store.list(entity: $0, after: $1, limit: $2)
    }
    var response = MessagingV1.ListSendersResponse()
    response.senders = found.resources.map(\.message)
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(_ request: MessagingV1.UpdateSenderRequest, _ call: Call) async throws -> MessagingV1.Sender {
    let sent = request.sender ?? .init()
    let match = try name(sent.name, as: MessagingNames.sender, field: "sender.name")
    let entity = try call.access.scope(of: call.access.require(.write, of: .messaging, for: match.name))
    let mask = try FieldMask(request.updateMask, updatable: ["display_name", "email_address", "reply_to"])
    let updated = try await store.update(match.id("sender"), entity: entity, now: time.now) { old in
      var new = old
      if mask.includes("display_name", isSet: !sent.displayName.isEmpty) { new.displayName = sent.displayName }
      if mask.includes("email_address", isSet: !sent.emailAddress.isEmpty) { new.emailAddress = sent.emailAddress }
      if mask.includes("reply_to", isSet: !sent.replyTo.isEmpty) { new.replyTo = sent.replyTo }
      try Self.check(new)
      return new
    }
    guard let updated else { throw RPCError.notFound(match.name) }
    return updated.message
  }

  private func delete(_ request: MessagingV1.DeleteSenderRequest, _ call: Call) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: MessagingNames.sender, field: "name")
    let entity = try call.access.scope(of: call.access.require(.write, of: .messaging, for: match.name))
    switch try await store.delete(match.id("sender"), entity: entity) {
    case .deleted: return GoogleProtobuf.Empty()
    case .notFound: throw RPCError.notFound(match.name)
    case .isUsed(let campaign): throw RPCError.senderIsUsed(request.name, by: campaign)
    }
  }

  private static func check(_ sender: MessagingV1.Sender) throws(RPCError) {
    if let problem = TextProblem.of(sender.displayName, most: 200) { throw .invalid("sender.display_name", problem) }
    try check(sender.emailAddress, "sender.email_address", example: "shop@example.com")
    if !sender.replyTo.isEmpty { try check(sender.replyTo, "sender.reply_to", example: "help@example.com, or none") }
  }

  private static func check(_ text: String, _ field: String, example: String) throws(RPCError) {
    guard let address = EmailAddress(text) else {
      throw .invalid(field, "It is no e-mail address. Send one such as \(example).")
    }
    // It stands in Message-ID, which is of ASCII (RFC 5322 §3.6.4), and not every server takes another.
    guard address.domain.utf8.allSatisfy({ $0 < 0x80 }) else {
      throw .invalid(field, "Its domain has letters beyond ASCII. Write the domain in its ASCII form, such as xn--….")
    }
  }
}

/// What is wrong with a text of one line.
enum TextProblem {
  static func of(_ text: String, most: Int) -> String? {
    if text.utf8.count <= most, text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return nil }
    guard text.unicodeScalars.count <= most else { return "It has more than \(most) characters. Shorten it." }
    let hasControl = text.unicodeScalars.contains { scalar in
      scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
    }
    return hasControl ? "It has a line break or another control character. Write it on one line." : nil
  }
}
