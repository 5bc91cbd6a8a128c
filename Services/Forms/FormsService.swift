internal import Database
internal import Messages
internal import RPC
package import ServiceKit
internal import UserTables

/// The service of forms and the answers to them.
package enum FormsService {
  /// Runs the service until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.forms, migrations: FormsMigrations.all) { settings in
      try FormsConfiguration(from: settings)
    } build: { context, configuration in
      try parts(context, configuration)
    }
  }

  /// What the service consists of.
  package static func parts(_ context: ServiceContext, _ configuration: FormsConfiguration) throws -> ServiceParts {
    let rooms = Rooms(
      database: context.database, forms: FormStore(database: context.database, schema: context.schema),
      profiles: ProfileDirectory(peer: try context.peer(.profiles, patience: .seconds(10))),
      links: FormLinks(base: configuration.publicBase, secret: try configuration.linkSecret()),
      pages: context.pageTokens, requests: context.requests, time: context.time, randomness: context.randomness)
    var parts = ServiceParts(router: rooms.router, services: Rooms.services)
    parts.hasLog = true
    parts.keepsRequests = true
    let enricher = Enricher(
      store: EnrichmentStore(database: context.database), profiles: rooms.profiles, wakeUp: rooms.wakeUp,
      time: context.time, logger: context.logger)
    parts.jobs = [
      try context.following(.profiles, as: "profiles", rooms.follower), Job("enrichment") { try await enricher.run() },
    ]
    return parts
  }
}

/// The parts of the service and how they stand on each other.
struct Rooms: Sendable {
  let database: Database
  let forms: FormStore
  let profiles: ProfileDirectory
  let links: FormLinks
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource
  let randomness: any Randomness
  /// Wakes whoever writes into profiles.
  let wakeUp = WakeUp()

  /// What the router answers.
  static let services = [
    FormsV1.FormService.descriptor, InternalV1.FormDirectoryService.descriptor,
    InternalV1.InteractionSourceService.descriptor, InternalV1.PublicPageService.descriptor,
  ]

  var router: Router {
    let store = ParticipationStore(database: database)
    let writer = ParticipationWriter(database: database, time: time, wakeUp: wakeUp)
    var router = Router()
    FormHandlers(store: forms, profiles: profiles, links: links, pages: pages, time: time).register(on: &router)
    ParticipationHandlers(
      forms: forms, store: store, writer: writer, profiles: profiles, requests: requests, pages: pages
    ).register(on: &router)
    FormDirectoryHandlers(forms: forms, store: store, links: links).register(on: &router)
    InteractionSourceHandlers(forms: forms, database: database).register(on: &router)
    PublicPageHandlers(
      forms: forms, store: store, writer: writer, profiles: profiles, links: links, time: time, randomness: randomness
    ).register(on: &router)
    return router
  }

  /// What Profiles' log sets off.
  var follower: ProfileFollower<ParticipationForgetting> {
    ProfileFollower(
      ParticipationForgetting(forms: forms, profiles: profiles, database: database, requests: requests),
      tombstones: .ofParticipations, database: database)
  }
}
