internal import Database
internal import Logging
internal import Messages
internal import RPC
package import ServiceKit
internal import UserTables

/// The service of scenarios and their executions.
package enum AutomationService {
  /// Loops that move executions in each copy.
  private static let workers = 2

  /// Runs the service until it is told to stop.
  package static func run() async -> Never {
    await Service.run(.automation, migrations: AutomationMigrations.all) { _ in
      ()
    } build: { context, _ in
      try parts(context)
    }
  }

  /// What the service consists of.
  package static func parts(_ context: ServiceContext) throws -> ServiceParts {
    let rooms = Rooms(
      database: context.database, scenarios: ScenarioStore(database: context.database, schema: context.schema),
      neighbours: try Neighbours(context), pages: context.pageTokens, requests: context.requests, time: context.time,
      randomness: context.randomness, logger: context.logger)
    var parts = ServiceParts(router: rooms.router, services: Rooms.services)
    parts.keepsRequests = true
    parts.jobs = try rooms.followers.map { try context.following($0, as: $0.rawValue, $1) }
    let wakeUp = WakeUp()
    parts.jobs.append(
      Job("wake-up") { await wakeUp.run(channel: ExecutionStore.channel, database: context.database) })
    parts.jobs.append(rooms.deletedScenarios.sweeping)
    parts.jobs.append(Job("arrivals") { try await rooms.arrivalWorker.run(wakeUp.subscribe()) })
    parts.jobs.append(Job("dates", under: DatePlanner.lease) { try await rooms.datePlanner.run(fence: $0) })
    for number in 1...workers {
      parts.jobs.append(Job("executions \(number)") { try await rooms.executionWorker.run(wakeUp.subscribe()) })
    }
    return parts
  }
}

/// The parts of the service and how they stand on each other.
struct Rooms: Sendable {
  let database: Database
  let scenarios: ScenarioStore
  let neighbours: Neighbours
  let pages: PageTokens
  let requests: RequestLedger
  let time: any TimeSource
  let randomness: any Randomness
  let logger: Logger
  let executions: ExecutionStore
  private let versions: VersionCache

  init(
    database: Database, scenarios: ScenarioStore, neighbours: Neighbours, pages: PageTokens, requests: RequestLedger,
    time: any TimeSource, randomness: any Randomness, logger: Logger
  ) {
    self.database = database
    self.scenarios = scenarios
    self.neighbours = neighbours
    self.pages = pages
    self.requests = requests
    self.time = time
    self.randomness = randomness
    self.logger = logger
    executions = ExecutionStore(database: database)
    versions = VersionCache(store: scenarios)
  }

  /// What the router answers.
  static let services = [
    AutomationV1.ScenarioService.descriptor, InternalV1.InteractionSourceService.descriptor,
  ]

  var router: Router {
    var router = Router()
    ScenarioHandlers(
      store: scenarios, references: ScenarioReferences(neighbours: neighbours), pages: pages, time: time
    ).register(on: &router)
    ExecutionHandlers(
      scenarios: scenarios, store: executions, profiles: neighbours.profiles, pages: pages, requests: requests,
      time: time, randomness: randomness
    ).register(on: &router)
    InteractionSourceHandlers(database: database, scenarios: scenarios).register(on: &router)
    return router
  }

  /// What the logs of others set off: whom to follow, under which name, to what effect.
  var followers: [(service: ServiceName, effect: any LogEffect)] {
    var all: [(ServiceName, any LogEffect)] = [(.profiles, profileFollower)]
    if neighbours.tables != nil { all.append((.dataTables, RowFollower(time: time))) }
    if neighbours.forms != nil { all.append((.forms, ParticipationFollower(time: time))) }
    return all
  }

  var profileFollower: ProfileFollower<ExecutionForgetting> {
    ProfileFollower(
      ExecutionForgetting(neighbours: neighbours, database: database, requests: requests, time: time),
      tombstones: .ofExecutions, database: database)
  }

  var deletedScenarios: DeletedScenarios { DeletedScenarios(database: database, time: time) }

  var arrivalWorker: ArrivalWorker {
    ArrivalWorker(
      store: ArrivalStore(database: database), versions: versions, neighbours: neighbours, time: time, logger: logger)
  }

  var datePlanner: DatePlanner {
    DatePlanner(
      plans: DatePlanStore(database: database), versions: versions, profiles: neighbours.profiles, time: time,
      logger: logger)
  }

  var executionWorker: ExecutionWorker {
    ExecutionWorker(
      store: executions, versions: versions, taker: StepTaker(neighbours: neighbours, time: time), time: time,
      logger: logger)
  }
}
