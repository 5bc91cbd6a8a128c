import Database
import DatabaseTesting
import Foundation
import Mail
import MailTesting
import Messages
import NIOPosix
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import UserTables
import Values

@testable import Messaging

/// Messaging as its callers see it: on its own database, behind its own server, with Profiles, DataTables and a mail server
/// at its side. Nothing sends by itself: tests do it step by step.
struct TestSuite: ServiceSuite {
  static let campaign = "entities/b2c/campaigns/come-back"

  let stage: TestStage
  let peers: PeersDouble
  let sink: MailSink
  let client: RPCClient
  let rooms: Rooms
  let parts: Courier.Parts

  /// Starts it for one test.
  static func with(_ sink: MailSink = MailSink(), _ body: (TestSuite) async throws -> Void) async throws {
    try await TestStage.with(.messaging, migrations: MessagingMigrations.all) { stage in
      let peers = PeersDouble()
      let profiles = try await stage.start(.profiles, peers.profilesRouter)
      let dataTables = try await stage.start(.dataTables, peers.dataTablesRouter)
      let rooms = Rooms(
        database: stage.test.database, roles: EntityRoles(schema: stage.test.schemaConnection()),
        profilesPeer: try stage.peer(.profiles, profiles),
        dataTablesPeer: try stage.peer(.dataTables, dataTables),
        links: Links(base: "http://127.0.0.1:8080", secret: String(repeating: "s", count: 32)), pages: stage.pages,
        requests: stage.requests, time: stage.time, randomness: RepeatableRandomness(), logger: .quiet)
      let port = try await sink.start()
      let parts = rooms.courierParts(
        smtp: SMTPConfiguration(host: "127.0.0.1", port: port), group: MultiThreadedEventLoopGroup.singleton)
      let own = try await stage.start(.messaging, rooms.router)
      let outcome = await attempt {
        try await body(
          TestSuite(stage: stage, peers: peers, sink: sink, client: own.client, rooms: rooms, parts: parts))
      }
      await sink.stop()
      try outcome.get()
    }
  }

  // MARK: - Frequent calls

  func createSender() async throws {
    _ = try await call(MessagingV1.MessagingService.createSender) { request in
      request.parent = "entities/b2c"
      request.senderId = "shop"
      request.sender = .init()
      request.sender?.displayName = "The Shop"
      request.sender?.emailAddress = "shop@shop.test"
    }
  }

  /// Creates a campaign, and its sender.
  @discardableResult
  func createCampaign(
    _ kind: MessagingV1.CampaignKind = .mass, id: String = "come-back",
    _ change: (inout MessagingV1.Campaign) -> Void = { _ in }
  ) async throws -> MessagingV1.Campaign {
    if try await rooms.senders.find("shop", entity: Self.b2c) == nil { try await createSender() }
    return try await call(MessagingV1.MessagingService.createCampaign) { request in
      request.parent = "entities/b2c"
      request.campaignId = id
      request.campaign = .sample(kind)
      if var campaign = request.campaign {
        change(&campaign)
        request.campaign = campaign
      }
    }
  }

  @discardableResult
  func launch(_ name: String = campaign, requestID: String = "") async throws -> MessagingV1.Campaign {
    try await call(MessagingV1.MessagingService.launchCampaign) { request in
      request.name = name
      request.requestId = requestID
    }
  }

  func report(_ name: String = campaign) async throws -> MessagingV1.CampaignReport {
    try await call(MessagingV1.MessagingService.getCampaignReport) { $0.name = name }
  }

  func messages(_ name: String = campaign) async throws -> [MessagingV1.Message] {
    try await call(MessagingV1.MessagingService.listMessages) { request in
      request.parent = name
      request.pageSize = 1_000
    }.messages
  }

  func get(_ name: String = campaign) async throws -> MessagingV1.Campaign {
    try await call(MessagingV1.MessagingService.getCampaign) { $0.name = name }
  }

  // MARK: - Sending

  /// Makes the messages of audiences.
  func gather() async throws {
    while try await rooms.campaigns.gather(limit: 7, now: time.now) {}
  }

  /// Launches a campaign to new profiles, and makes its messages.
  func makeMessages(to profiles: ClosedRange<UInt32>) async throws {
    peers.add(profiles)
    try await createCampaign()
    try await launch()
    try await gather()
  }

  /// Makes messages and sends all that are due, as a worker that comes and goes.
  func sendAll() async throws {
    try await gather()
    let worker = try await parts.queue.enter(copy: "test")
    let courier = Courier(worker: worker, parts: parts, pile: Pile())
    while try await courier.work() {}
    await courier.close()
    try await parts.queue.leave(worker, now: time.now)
    try await rooms.campaigns.complete(now: time.now)
  }

  /// Lets a worker's row run out, as if its process had been killed, and has another give it up.
  func kill(_ worker: Int64) async throws {
    try await test.database.write(
      Statement(
        name: "test.kill", sql: "UPDATE workers SET alive_until = now() - interval '1 second' WHERE number = $1"),
      [.int(worker)], as: .worker)
    try await parts.queue.sweep(now: time.now)
  }

  /// Tells the follower that a profile is gone.
  func forget(_ profile: UInt32) async throws {
    var deleted = InternalV1.ProfileDeleted()
    deleted.profileTable = 7
    deleted.profiles = [profile]
    var event = InternalV1.LogEvent()
    event.type = InternalV1.ProfileDeleted.descriptor.name
    event.body = try deleted.encoded()
    try await test.database.transaction(as: .worker) { [event] in
      try await rooms.follower.apply([event], in: $0)
    }
  }

  // MARK: - Public pages

  /// Answers a link as the gateway asks.
  func page(
    _ method: String, _ url: String, body: String = "", type: String = "application/x-www-form-urlencoded",
    agent: String = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
  ) async throws -> InternalV1.ServePublicPageResponse {
    try await call(InternalV1.PublicPageService.servePublicPage, as: .service(.gateway, [])) { request in
      request.method = method
      request.path = url.replacing("http://127.0.0.1:8080/m/", with: "")
      request.body = Array(body.utf8)
      request.headers = [("user-agent", agent), ("content-type", type)].map { name, value in
        var header = InternalV1.HttpHeader()
        header.name = name
        header.value = value
        return header
      }
    }
  }
}

extension MessagingV1.Campaign {
  /// Names a field of each kind.
  static func sample(_ kind: MessagingV1.CampaignKind) -> MessagingV1.Campaign {
    var campaign = MessagingV1.Campaign()
    campaign.displayName = "Come back"
    campaign.kind = kind
    campaign.channel = .email
    campaign.profileTable = PeersDouble.customers
    if kind == .mass { campaign.targeting = "entities/b2c/targetings/readers" }
    if kind != .transactional { campaign.subscription = "newsletter" }
    campaign.sender = "entities/b2c/senders/shop"
    campaign.defaultLanguage = "en"
    campaign.contents = [
      "en": content(
        "Hello {{ profile.firstName }}",
        """
        <p>{{ profile.firstName }}, {{ profile.tier }}, {{ profile.preferredStore.city }}</p>
        {% for order in rows.orders limit: 3 %}<b>{{ order.orderCode }}</b>{% endfor %}
        <a href="https://shop.test/?a=1&amp;b={{ profile.tier }}">shop</a> <a href="{{ web_version_url }}">web</a>
        """),
      "fr": content("Bonjour {{ profile.firstName }}", "<p>Bonjour {{ profile.firstName }} {{ values.code }}</p>"),
    ]
    return campaign
  }

  static func content(_ subject: String, _ html: String) -> MessagingV1.EmailContent {
    var content = MessagingV1.EmailContent()
    content.subject = subject
    content.html = html
    return content
  }
}

extension MessagingV1.CampaignReport {
  /// What must hold at every moment.
  var adds: Bool {
    sent + notSent + unknown + waiting == audience && notSentByReason.map(\.count).reduce(0, +) == notSent
  }

  func count(_ reason: MessagingV1.NotSentReason) -> Int64 {
    notSentByReason.first { $0.reason == reason }?.count ?? 0
  }
}

/// A mail as a mail program reads it.
struct ReadMail {
  let headers: [String: String]
  /// The parts' texts, decoded.
  let body: String

  init(_ message: String) {
    let cut = message.range(of: "\r\n\r\n")
    let head = cut.map { String(message[..<$0.lowerBound]) } ?? message
    let unfolded = head.replacing("\r\n ", with: " ")
    headers = Dictionary(
      unfolded.split(separator: "\r\n").compactMap { line in
        line.firstIndex(of: ":").map { (String(line[..<$0]), String(line[$0...].dropFirst(2))) }
      }, uniquingKeysWith: { first, _ in first })
    body = Self.decoded(cut.map { String(message[$0.upperBound...]).replacing("=\r\n", with: "") } ?? "")
  }

  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "="), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Addresses of ours in the HTML that do something: `c`, `o`, `u`, `w`.
  func links(_ segment: String) -> [String] {
    body.split(whereSeparator: { "\"<> \r\n()".contains($0) }).map(String.init)
      .filter { $0.hasPrefix("http://127.0.0.1:8080/m/\(segment)/") }
  }

  /// The address to unsubscribe at.
  var unsubscribeURL: String {
    String((headers["List-Unsubscribe"] ?? "").dropFirst().dropLast())
  }
}
