internal import Database
internal import Logging
internal import Mail
internal import Messages
internal import NIOCore
internal import RPC
internal import ServiceKit
internal import UserTables

/// The parts of the service and how they stand on each other.
struct Rooms: Sendable {
  let database: Database
  let roles: EntityRoles
  let profilesPeer: Peer
  let dataTablesPeer: Peer
  let links: Links
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource
  let randomness: any Randomness
  let logger: Logger

  /// What the router answers.
  static let services = [
    MessagingV1.MessagingService.descriptor, InternalV1.MessageDirectoryService.descriptor,
    InternalV1.PublicPageService.descriptor, InternalV1.InteractionSourceService.descriptor,
  ]

  var campaigns: CampaignStore { CampaignStore(database: database, roles: roles) }
  var senders: SenderStore { SenderStore(database: database, roles: roles) }
  var profiles: ProfileDirectory { ProfileDirectory(peer: profilesPeer) }
  var targetings: TargetingDirectory { TargetingDirectory(peer: profilesPeer) }
  var rows: RowDirectory { RowDirectory(peer: dataTablesPeer) }
  var reader: RecipientReader { RecipientReader(profiles: profiles, rows: rows) }
  var refusals: RefusalStore { RefusalStore(database: database, links: links) }
  var behaviour: BehaviourStore { BehaviourStore(database: database, campaigns: campaigns) }
  var work: SendingWakeUp { SendingWakeUp(database: database) }

  var unsubscribing: Unsubscribing {
    Unsubscribing(store: behaviour, campaigns: campaigns, profiles: profiles, time: time, logger: logger)
  }

  /// What Profiles' log sets off.
  var follower: ProfileFollower<MessageForgetting> {
    ProfileFollower(
      MessageForgetting(database: database, profiles: profilesPeer, requests: requests, time: time), tombstones: nil,
      database: database)
  }

  var router: Router {
    var router = Router()
    SenderHandlers(store: senders, pages: pages, time: time).register(on: &router)
    CampaignHandlers(
      store: campaigns, senders: senders, reports: CampaignReports(database: database),
      checker: CampaignChecker(profiles: profiles, targetings: targetings, rows: rows), targetings: targetings,
      work: work, pages: pages, requests: requests, time: time
    ).register(on: &router)
    MessageHandlers(
      campaigns: campaigns, messages: MessageStore(database: database, requests: requests), profiles: profiles,
      reader: reader, refusals: refusals, links: links, work: work, pages: pages, time: time
    ).register(on: &router)
    PublicPageHandlers(
      links: links, behaviour: behaviour, unsubscribing: unsubscribing, profiles: profiles, reader: reader, time: time
    ).register(on: &router)
    InteractionSourceHandlers(database: database, roles: roles).register(on: &router)
    return router
  }

  /// What couriers share.
  func courierParts(smtp: SMTPConfiguration, group: any EventLoopGroup) -> Courier.Parts {
    Courier.Parts(
      queue: SendingQueue(database: database),
      batches: BatchPreparation(
        campaigns: campaigns, senders: senders, profiles: profiles, reader: reader, refusals: refusals, links: links),
      refusals: refusals, streaks: RefusalStreaks(), smtp: smtp, group: group, time: time, randomness: randomness,
      logger: logger)
  }
}
