import Database
import DatabaseTesting
import Foundation
import MailTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables
import Values

@testable import Messaging

@Suite("Links of messages")
struct PublicPageTests {
  /// Sends a message to profile 2, and reads it.
  private func mail(_ suite: TestSuite) async throws -> ReadMail {
    suite.peers.add(1...2)
    try await suite.createCampaign()
    try await suite.launch()
    try await suite.sendAll()
    return ReadMail(try #require(suite.sink.kept.first { $0.recipient == "c2@example.test" }).message)
  }

  private func header(_ name: String, of page: InternalV1.ServePublicPageResponse) -> String? {
    page.headers.first { $0.name == name }?.value
  }

  @Test("the web version shows the message, a click leads on, and both are recorded")
  func reading() async throws {
    try await TestSuite.with { suite async throws in
      let mail = try await mail(suite)
      let web = try await suite.page("GET", try #require(mail.links("w").first))
      let text = String(decoding: web.body, as: UTF8.self)
      #expect(web.status == 200 && text.contains("Mo&#39;nique, gold, Liège"))
      // It is recorded once, not again by its picture.
      #expect(!text.contains("/m/o/") && text.contains("/m/c/"))
      #expect(header("content-security-policy", of: web)?.contains("default-src 'none'") == true)
      let click = try await suite.page("GET", try #require(mail.links("c").first))
      #expect(click.status == 302)
      #expect(header("location", of: click) == "https://shop.test/?a=1&b=gold")
      let pixel = try await suite.page("GET", try #require(mail.links("o").first))
      #expect(pixel.status == 200 && header("content-type", of: pixel) == "image/gif")
      let report = try await suite.report()
      #expect(report.opened == 1 && report.clicked == 1 && report.openedByMachine == 0 && report.unsubscribed == 0)
    }
  }

  @Test("programs are told from people", arguments: ["", "Mozilla/5.0", "Googlebot/2.1", "Python-urllib/3.11"])
  func machines(agent: String) async throws {
    try await TestSuite.with { suite async throws in
      let mail = try await mail(suite)
      _ = try await suite.page("GET", try #require(mail.links("o").first), agent: agent)
      _ = try await suite.page("GET", try #require(mail.links("c").first), agent: agent)
      let report = try await suite.report()
      #expect(report.opened == 0 && report.openedByMachine == 1 && report.clicked == 0)
    }
  }

  @Test("a GET never unsubscribes; one click does, as often as it is asked for")
  func unsubscribing() async throws {
    try await TestSuite.with { suite async throws in
      let url = try await mail(suite).unsubscribeURL
      let page = try await suite.page("GET", url)
      #expect(page.status == 200 && String(decoding: page.body, as: UTF8.self).contains("method=\"post\""))
      #expect(try await suite.page("POST", url, body: "something=else").status == 400)
      #expect(suite.peers.writes.isEmpty)
      #expect(try await suite.report().unsubscribed == 0)
      #expect(try await suite.page("POST", url, body: "List-Unsubscribe=One-Click").status == 200)
      let write = try #require(suite.peers.writes.first)
      #expect(write.profile?.name == "\(PeersDouble.customers)/profiles/2")
      #expect(write.profile?.fields == ["newsletter": .flag(false)])
      #expect(write.provenance?.source == "unsubscribe link")
      suite.peers.change(2, "newsletter", .flag(true))
      let form = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
      let again = try await suite.page("POST", url, body: form, type: "multipart/form-data; boundary=x")
      #expect(again.status == 200 && suite.peers.writes.count == 2)
      #expect(Set(suite.peers.writes.map(\.requestId)).count == 2)
      #expect(try await suite.report().unsubscribed == 1)
    }
  }

  @Test("an unsubscription that Profiles cannot be told is told later")
  func unsubscribingLater() async throws {
    try await TestSuite.with { suite async throws in
      let url = try await mail(suite).unsubscribeURL
      suite.peers.setDown(true)
      #expect(try await suite.page("POST", url, body: "List-Unsubscribe=One-Click").status == 200)
      #expect(suite.peers.writes.isEmpty)
      suite.peers.setDown(false)
      try await suite.rooms.unsubscribing.applyAll()
      try await suite.rooms.unsubscribing.applyAll()
      #expect(suite.peers.writes.count == 1)
    }
  }

  @Test("a link of which one character was changed is none, wherever it was")
  func tampering() async throws {
    let links = Links(base: "https://x.test", secret: String(repeating: "s", count: 32))
    let other = Links(base: "https://x.test", secret: String(repeating: "t", count: 32))
    let link = Links.Link(kind: .click, message: 42, profile: 7, target: "https://shop.test/é?x=1")
    let path = String(links.url(link).dropFirst(links.prefix.count))
    #expect(links.open(path) == link)
    #expect(other.open(path) == nil)
    for index in path.indices {
      for replacement in ["A", "B", "/"] where String(path[index]) != replacement {
        let changed = path.replacingCharacters(in: index...index, with: replacement)
        #expect(links.open(changed) == nil)
      }
    }
    #expect(links.open(path + "A") == nil && links.open(String(path.dropLast())) == nil && links.open("c/") == nil)
    let asOpen = path.replacingCharacters(in: path.startIndex...path.startIndex, with: "u")
    #expect(links.open(asOpen) == nil)
  }

  @Test("links die with the profile, and counts stay")
  func erasure() async throws {
    try await TestSuite.with { suite async throws in
      let mail = try await mail(suite)
      _ = try await suite.page("GET", try #require(mail.links("c").first))
      _ = try await suite.page("POST", mail.unsubscribeURL, body: "List-Unsubscribe=One-Click")
      try await suite.forget(2)
      for segment in ["w", "c", "o"] {
        #expect(try await suite.page("GET", try #require(mail.links(segment).first)).status == 410)
      }
      #expect(try await suite.page("POST", mail.unsubscribeURL, body: "List-Unsubscribe=One-Click").status == 410)
      let report = try await suite.report()
      #expect(report.sent == 2 && report.clicked == 1 && report.unsubscribed == 1 && report.adds)
      #expect(try await suite.messages().filter { $0.profile.isEmpty }.count == 1)
      let listed = try await interactions(suite, profile: 2)
      #expect(listed.isEmpty)
    }
  }

  @Test("whatever recipients do has its table, is listed, and is forgotten with them", arguments: Behaviour.allCases)
  func behaviours(behaviour: Behaviour) async throws {
    try await TestSuite.with { suite async throws in
      _ = try await mail(suite)
      let record = Statement(
        name: "test.record",
        sql: """
          INSERT INTO \(behaviour.table) (entity, campaign, message, profile_table, profile, by_machine, happened_at)
          SELECT entity, campaign, id, profile_table, profile, false, settled_at FROM messages
          """)
      _ = try await suite.test.database.write(record, [], as: .worker)
      let listed = try await interactions(suite, profile: 2).compactMap(\.interaction)
      #expect(Set(listed.map(\.kind)) == [.message, behaviour.kind])
      #expect(listed.allSatisfy { !$0.summary.isEmpty })
      try await suite.forget(2)
      #expect(try await interactions(suite, profile: 2).isEmpty)
      #expect(try await interactions(suite, profile: 1).count == 2)
    }
  }

  private func interactions(
    _ suite: TestSuite, profile: UInt32, limit: Int32 = 100, after: InternalV1.InteractionPosition? = nil,
    bound: [UInt8] = []
  ) async throws -> [InternalV1.SourcedInteraction] {
    try await listing(suite, profile: profile, limit: limit, after: after, bound: bound).interactions
  }

  private func listing(
    _ suite: TestSuite, profile: UInt32, limit: Int32 = 100, after: InternalV1.InteractionPosition? = nil,
    bound: [UInt8] = []
  ) async throws -> InternalV1.ListProfileInteractionsResponse {
    try await suite.call(
      InternalV1.InteractionSourceService.listProfileInteractions, as: .service(.dataTables, [TestSuite.b2c])
    ) { request in
      request.profileTable = PeersDouble.customers
      request.profileTableNumber = 7
      request.profile = profile
      request.limit = limit
      request.after = after
      request.bound = bound
    }
  }

  @Test("a listing is bounded by the profile's own newest, whatever others have had since")
  func ownBound() async throws {
    try await TestSuite.with { suite async throws in
      _ = try await mail(suite)
      let first = try await listing(suite, profile: 1)
      let second = try await listing(suite, profile: 2)
      func bound(of message: Int64) -> [UInt8] {
        InteractionSourceHandlers.sources.flatMap { ($0.kind == .message ? message : 0).bigEndianBytes }
      }
      #expect(first.bound == bound(of: try #require(first.interactions.first?.number)))
      #expect(second.bound == bound(of: try #require(second.interactions.first?.number)))
      #expect(first.bound != second.bound)
    }
  }

  @Test("a link that is opened or clicked without end fills nothing")
  func mostOfAKind() async throws {
    try await TestSuite.with { suite async throws in
      _ = try await mail(suite)
      let most = BehaviourStore.mostOfAKind
      let store = BehaviourStore(database: suite.test.database, campaigns: suite.rooms.campaigns)
      for _ in 0...most {
        try await store.opened(1, byMachine: true, now: suite.time.now)
        try await store.clicked(1, url: "https://shop.test/a", byMachine: true, now: suite.time.now)
      }
      try await store.opened(1, byMachine: false, now: suite.time.now)
      try await store.clicked(1, url: "https://shop.test/b", byMachine: true, now: suite.time.now)
      func count(_ table: String) async throws -> Int64 {
        let statement = Statement(name: "test.count", sql: "SELECT count(*) FROM \(table)")
        return try await suite.test.database.read(statement, [], as: .worker)[0].int(0)
      }
      // Another link, and a person, are counted by themselves.
      #expect(try await count("opens") == Int64(most) + 1)
      #expect(try await count("clicks") == Int64(most) + 1)
      #expect(try await suite.report().opened == 1)
    }
  }

  @Test("the timeline gets messages, opens, clicks and unsubscriptions, newest first, page by page", arguments: 1...4)
  func timeline(size: Int32) async throws {
    try await TestSuite.with { suite async throws in
      let mail = try await mail(suite)
      suite.time.advance(by: .seconds(1))
      _ = try await suite.page("GET", try #require(mail.links("w").first))
      _ = try await suite.page("GET", try #require(mail.links("c").first))
      suite.time.advance(by: .seconds(1))
      _ = try await suite.page("POST", mail.unsubscribeURL, body: "List-Unsubscribe=One-Click")
      let all = try await interactions(suite, profile: 2)
      #expect(
        all.map(\.source) == ["messaging.unsubscribes", "messaging.clicks", "messaging.opens", "messaging.messages"])
      #expect(all.last?.interaction?.summary == "Received come-back")
      #expect(all.last?.interaction?.resource == TestSuite.campaign)
      #expect(all[1].interaction?.values["url"] == .text("https://shop.test/?a=1&b=gold"))
      var paged: [InternalV1.SourcedInteraction] = []
      var after: InternalV1.InteractionPosition?
      repeat {
        let page = try await interactions(suite, profile: 2, limit: size, after: after)
        paged += page
        after = try page.last.map { last in
          var position = InternalV1.InteractionPosition()
          position.time =
            try Timestamp(microsecondsSinceEpoch: (last.interaction?.time?.seconds ?? 0) * 1_000_000)
            .microsecondsSinceEpoch + Int64(last.interaction?.time?.nanos ?? 0) / 1_000
          position.source = last.source
          position.number = last.number
          return position
        }
        if page.isEmpty { break }
      } while true
      #expect(paged.map(\.interaction?.id) == all.map(\.interaction?.id))
    }
  }
}
