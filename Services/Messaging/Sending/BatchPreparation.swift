internal import Mail
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Makes letters of claimed messages: reads the profiles, checks whether each is to be sent, and renders those.
struct BatchPreparation: Sendable {
  let campaigns: CampaignStore
  let senders: SenderStore
  let profiles: ProfileDirectory
  let reader: RecipientReader
  let refusals: RefusalStore
  let links: Links

  /// A message that is ready to be handed over.
  struct Letter: Sendable, Hashable {
    let id: Int64
    let attempts: Int
    let language: String
    let entity: Int64
    let envelope: SMTPConnection.Envelope
  }

  /// A batch that was looked at.
  struct Prepared: Sendable {
    var letters: [Letter] = []
    /// Those that are not sent, and why.
    var settled: [SendingQueue.Settled] = []
    /// Those about which an earlier message to the same profile decides.
    var undecided: [Int64] = []
  }

  /// A custom table that the templates name is not there: nothing can be said to anyone, until it is again.
  struct CustomTableMissing: Error {
    let campaign: String
    /// What DataTables answered.
    let answer: String
  }

  /// - Throws: ``RPCError`` when another service cannot be asked now; ``CustomTableMissing``.
  func prepare(_ batch: SendingQueue.Batch, now: Timestamp) async throws -> Prepared {
    guard let campaign = try await campaigns.find(number: batch.campaign),
      let sender = try await senders.find(number: campaign.senderNumber, entity: campaign.entity)
    else { return Prepared(undecided: batch.messages.map(\.id)) }
    let contents = try CampaignContents(campaign.message)
    let renderer = MessageRenderer(campaign: campaign, contents: contents, links: links)
    let origin = Origin(sender.message)
    let recipients = try await recipients(of: batch, in: campaign, contents.needs)
    var prepared = Prepared()
    var candidates: [RefusalStore.Candidate] = []
    for message in batch.messages {
      guard let recipient = recipients[message.profile] else {
        prepared.refuse(message.id, .profileGone)
        continue
      }
      if let reason = recipient.refusal(by: campaign.message) {
        prepared.refuse(message.id, reason)
      } else {
        candidates.append(.init(message: message.id, recipient: recipient))
      }
    }
    let verdicts = try await refusals.reasons(for: candidates, in: campaign, now: now)
    let claimed = Dictionary(batch.messages.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for candidate in candidates {
      switch verdicts[candidate.message] {
      case .refused(let reason): prepared.refuse(candidate.message, reason)
      case .undecided: prepared.undecided.append(candidate.message)
      case nil:
        guard let message = claimed[candidate.message] else { continue }
        prepared.add(
          try letter(message, to: candidate.recipient, from: origin, renderer, campaign.entity, now), message.id)
      }
    }
    return prepared
  }

  private func recipients(
    of batch: SendingQueue.Batch, in campaign: CampaignRecord, _ needs: ContentNeeds
  ) async throws -> [UInt32: Recipient] {
    let table: ProfileTableShape
    do {
      table = try await profiles.describe(campaign.message.profileTable, entity: campaign.entity)
    } catch let error as RPCError where error.code == .notFound {
      // All profiles are gone with it.
      return [:]
    }
    do {
      return try await reader.read(
        batch.messages.map(\.profile).filter { $0 != 0 }, of: table, needs: needs, entity: campaign.entity)
    } catch let error as RPCError where error.code == .notFound {
      throw CustomTableMissing(campaign: campaign.message.name, answer: error.message)
    }
  }

  /// The letter; nil when the content cannot be rendered or written for this profile.
  private func letter(
    _ message: SendingQueue.Claimed, to recipient: Recipient, from origin: Origin?, _ renderer: MessageRenderer,
    _ entity: Principal.Entity, _ now: Timestamp
  ) throws -> Letter? {
    guard let origin, let address = recipient.address,
      let rendered = try? renderer.render(
        for: recipient, message: message.id, values: MessageStore.values(message.values), tracking: .linksAndOpening)
    else { return nil }
    var mail = EmailMessage(
      from: origin.from, to: .init(address: address), subject: rendered.subject,
      text: rendered.text, html: rendered.html.isEmpty ? nil : rendered.html,
      messageID: links.messageID(of: message.id, domain: origin.from.address.domain), date: now)
    mail.replyTo = origin.replyTo
    if !renderer.isTransactional { mail.unsubscribing = .init(url: rendered.unsubscribeURL) }
    guard let bytes = try? mail.encoded() else { return nil }
    return Letter(
      id: message.id, attempts: message.attempts, language: rendered.language, entity: entity.id,
      envelope: .init(sender: origin.from.address, recipient: address, message: bytes))
  }

  /// Whom messages come from, read once for many; nil for a sender without a good address.
  private struct Origin {
    let from: EmailMessage.Party
    let replyTo: EmailAddress?

    init?(_ sender: MessagingV1.Sender) {
      guard let address = EmailAddress(sender.emailAddress) else { return nil }
      from = EmailMessage.Party(name: sender.displayName, address: address)
      replyTo = EmailAddress(sender.replyTo)
    }
  }
}

extension BatchPreparation.Prepared {
  fileprivate mutating func refuse(_ id: Int64, _ reason: MessagingV1.NotSentReason) {
    settled.append(.init(id: id, outcome: .notSent(reason)))
  }

  fileprivate mutating func add(_ letter: BatchPreparation.Letter?, _ id: Int64) {
    if let letter { letters.append(letter) } else { refuse(id, .content) }
  }
}
