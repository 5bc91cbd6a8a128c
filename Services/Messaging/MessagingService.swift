internal import Database
internal import Logging
internal import Messages
internal import NIOCore
internal import RPC
package import ServiceKit
internal import UserTables

/// The service of campaigns: what is sent to whom, and what became of it.
package enum MessagingService {
  /// Runs the service until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.messaging, migrations: MessagingMigrations.all) {
      try MessagingConfiguration(from: $0)
    } build: { context, configuration in
      try parts(context, configuration)
    }
  }

  /// What the service consists of.
  package static func parts(
    _ context: ServiceContext, _ configuration: MessagingConfiguration
  ) throws -> ServiceParts {
    let secret = try configuration.linksSecret.value()
    guard secret.utf8.count >= 32 else {
      throw ConfigurationError("links.secretFile must hold at least 32 characters on its first line.")
    }
    let rooms = Rooms(
      database: context.database, roles: EntityRoles(schema: context.schema), profilesPeer: try context.peer(.profiles),
      dataTablesPeer: try context.peer(.dataTables), links: Links(base: configuration.publicBaseURL, secret: secret),
      pages: context.pageTokens, requests: context.requests, time: context.time, randomness: context.randomness,
      logger: context.logger)
    var parts = ServiceParts(router: rooms.router, services: Rooms.services)
    parts.keepsRequests = true
    let sending = Sending(
      copy: context.copy, connections: configuration.connections, campaigns: rooms.campaigns,
      parts: rooms.courierParts(smtp: configuration.smtp, group: context.group), wakeUp: WakeUp(),
      database: context.database)
    parts.jobs = [try context.following(.profiles, as: "profiles", rooms.follower), rooms.unsubscribing.job]
    parts.jobs += sending.jobs
    return parts
  }
}
