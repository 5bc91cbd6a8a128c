import MailTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing

@testable import Messaging

@Suite("Campaigns")
struct CampaignTests {
  @Test("a campaign is created, read, listed, updated and deleted")
  func lifecycle() async throws {
    try await TestSuite.with { suite async throws in
      let created = try await suite.createCampaign()
      #expect(created.name == TestSuite.campaign && created.state == .draft && created.version == 1)
      #expect(try await suite.get() == created)
      try await suite.createCampaign(.ongoing, id: "thanks")
      let first = try await suite.call(MessagingV1.MessagingService.listCampaigns) { request in
        request.parent = "entities/-"
        request.pageSize = 1
      }
      let second = try await suite.call(MessagingV1.MessagingService.listCampaigns) { request in
        request.parent = "entities/-"
        request.pageSize = 1
        request.pageToken = first.nextPageToken
      }
      #expect(first.campaigns.map(\.name) == [TestSuite.campaign])
      #expect(second.campaigns.map(\.name) == ["entities/b2c/campaigns/thanks"] && second.nextPageToken.isEmpty)
      let updated = try await suite.call(MessagingV1.MessagingService.updateCampaign) { request in
        request.campaign = .init()
        request.campaign?.name = TestSuite.campaign
        request.campaign?.displayName = "Again"
        request.updateMask = .init()
        request.updateMask?.paths = ["display_name"]
      }
      #expect(updated.displayName == "Again" && updated.version == 2 && updated.contents.count == 2)
      let used = try await suite.refusal(MessagingV1.MessagingService.deleteSender) {
        $0.name = "entities/b2c/senders/shop"
      }
      #expect(used.reason == "SENDER_IN_USE")
      for id in ["come-back", "thanks"] {
        _ = try await suite.call(MessagingV1.MessagingService.deleteCampaign) {
          $0.name = "entities/b2c/campaigns/\(id)"
        }
      }
      _ = try await suite.call(MessagingV1.MessagingService.deleteSender) { $0.name = "entities/b2c/senders/shop" }
      #expect(
        try await suite.refusal(MessagingV1.MessagingService.getCampaign) { $0.name = TestSuite.campaign }.code
          == .notFound)
    }
  }

  /// A change of a campaign that is refused, and the field at fault.
  struct Change: Sendable, CustomTestStringConvertible {
    let field: String
    let text: String
    let code: StatusCode
    let change: @Sendable (inout MessagingV1.Campaign) -> Void

    init(
      _ field: String, _ text: String = "", code: StatusCode = .invalidArgument,
      _ change: @escaping @Sendable (inout MessagingV1.Campaign) -> Void
    ) {
      self.field = field
      self.text = text
      self.code = code
      self.change = change
    }

    var testDescription: String { "\(field) \(text)" }
  }

  private static func html(_ html: String) -> @Sendable (inout MessagingV1.Campaign) -> Void {
    { $0.contents["en"]?.html = html }
  }

  @Test(
    "a definition at fault names the field, and in a template the line and column",
    arguments: [
      Change("campaign.kind") { $0.kind = .unspecified },
      Change("campaign.channel") { $0.channel = .sms },
      Change("campaign.display_name") { $0.displayName = "a\nb" },
      Change("campaign.profile_table") { $0.profileTable = "entities/b2c" },
      Change("campaign.subscription") { $0.subscription = "alerts" },
      Change("campaign.subscription") { $0.subscription = "" },
      Change("campaign.sender", "senders/nobody", code: .notFound) { $0.sender = "entities/b2c/senders/nobody" },
      Change("campaign.profile_table", "profileTables/nobody", code: .notFound) {
        $0.profileTable = "entities/b2c/profileTables/nobody"
      },
      Change("campaign.targeting") { $0.targeting = "readers" },
      Change("campaign.targeting", "targetings/nobody", code: .notFound) {
        $0.targeting = "entities/b2c/targetings/nobody"
      },
      Change("campaign.targeting", "picks from") { $0.targeting = "entities/b2c/targetings/prospects" },
      Change("campaign.default_language") { $0.defaultLanguage = "nl" },
      Change("campaign.contents[EN]") { $0.contents["EN"] = $0.contents["en"] },
      Change("campaign.contents[en].subject") { $0.contents["en"]?.subject = "" },
      Change("campaign.messages_per_second") { $0.messagesPerSecond = -1 },
      Change("campaign.contents[en].html", "Line 2, column 4", html("a\n{{ profile.shoeSize }}")),
      Change("campaign.contents[en].html", "Line 1, column 4", html("{{ profile.preferredStore.mayor }}")),
      Change("campaign.contents[en].html", "Line 1, column 4", html("{{ profile.firstName.length }}")),
      Change("campaign.contents[en].html", "Line 1, column 13", html("{% for x in rows.cars %}{% endfor %}")),
      Change(
        "campaign.contents[en].html", "no column “color”", html("{% for x in rows.orders %}{{ x.color }}{% endfor %}")),
      Change("campaign.contents[en].html", "Line 1, column 4", html("{{ secrets.key }}")),
      Change("campaign.contents[en].html", "not closed", html("{% if profile.tier %}")),
      Change("campaign.contents[en].subject", "no filter") {
        $0.contents["en"]?.subject = "{{ profile.tier | system }}"
      },
    ])
  func refused(change: Change) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createSender()
      let refusal = try await suite.refusal(MessagingV1.MessagingService.createCampaign) { request in
        request.parent = "entities/b2c"
        request.campaignId = "come-back"
        var campaign = MessagingV1.Campaign.sample(.mass)
        change.change(&campaign)
        request.campaign = campaign
      }
      #expect(refusal.code == change.code && refusal.fields == [change.field], "\(refusal)")
      #expect(refusal.message.contains(change.text))
      #expect(
        try await suite.call(MessagingV1.MessagingService.listCampaigns) { $0.parent = "entities/b2c" }.campaigns
          .isEmpty)
    }
  }

  @Test("a service that cannot be asked now is no fault of the definition")
  func passing() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createSender()
      suite.peers.setTablesDown(true)
      let refusal = try await suite.refusal(MessagingV1.MessagingService.createCampaign) { request in
        (request.parent, request.campaignId, request.campaign) = ("entities/b2c", "come-back", .sample(.mass))
        request.campaign?.contents = ["en": MessagingV1.Campaign.content("Hello", "{{ profile.preferredStore.city }}")]
      }
      #expect(refusal.code == .unavailable)
    }
  }

  @Test("a launch is done once for each request id, and a campaign is launched once")
  func launch() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...3)
      try await suite.createCampaign()
      let first = try await suite.launch(requestID: "one")
      suite.peers.add([4])
      #expect(try await suite.launch(requestID: "one") == first)
      let again = try await suite.refusal(MessagingV1.MessagingService.launchCampaign) { $0.name = TestSuite.campaign }
      #expect(again.code == .failedPrecondition && again.reason == "CAMPAIGN_WAS_LAUNCHED")
      #expect(try await suite.report().audience == 3)
      let fixed = try await suite.refusal(MessagingV1.MessagingService.updateCampaign) { request in
        request.campaign = .init()
        request.campaign?.name = TestSuite.campaign
        request.campaign?.targeting = "entities/b2c/targetings/others"
      }
      #expect(fixed.reason == "CAMPAIGN_WAS_LAUNCHED")
      let running = try await suite.refusal(MessagingV1.MessagingService.deleteCampaign) {
        $0.name = TestSuite.campaign
      }
      #expect(running.reason == "CAMPAIGN_IS_RUNNING")
    }
  }

  @Test("a preview shows what a profile would get and why it would not, and sends nothing")
  func preview() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add([2, 3])
      suite.peers.change(3, "newsletter", .flag(false))
      try await suite.createCampaign()
      func preview(_ profile: String) async throws -> MessagingV1.PreviewCampaignResponse {
        try await suite.call(MessagingV1.MessagingService.previewCampaign, as: .reader([TestSuite.b2c])) { request in
          request.name = TestSuite.campaign
          request.profile = "\(PeersDouble.customers)/profiles/\(profile)"
          request.values = ["code": .text("X")]
        }
      }
      let english = try await preview("2")
      #expect(english.language == "en" && english.subject == "Hello Mo'nique" && english.notSentReason == .unspecified)
      #expect(
        english.html.contains("href=\"https://shop.test/?a=1&amp;b=gold\"") && english.text.contains("gold, Liège"))
      #expect(try await preview("3").notSentReason == .notSubscribed)
      let large = try await suite.refusal(MessagingV1.MessagingService.previewCampaign) { request in
        request.name = TestSuite.campaign
        request.profile = "\(PeersDouble.customers)/profiles/2"
        request.values = ["code": .text(String(repeating: "x", count: 70_000))]
      }
      #expect(large.code == .invalidArgument && large.fields == ["values"])
      #expect(suite.sink.kept.isEmpty)
      #expect(try await suite.messages().isEmpty)
    }
  }

  @Test(
    "a sender's domain is written in ASCII, which Message-ID needs",
    arguments: [("shop@bücher.test", "reply@shop.test"), ("shop@shop.test", "reply@bücher.test")])
  func senderDomain(address: String, replyTo: String) async throws {
    try await TestSuite.with { suite async throws in
      func create(_ id: String, _ address: String, _ replyTo: String) async throws -> Refusal {
        try await suite.refusal(MessagingV1.MessagingService.createSender) { request in
          (request.parent, request.senderId, request.sender) = ("entities/b2c", id, .init())
          request.sender?.emailAddress = address
          request.sender?.replyTo = replyTo
        }
      }
      let refusal = try await create("shop", address, replyTo)
      #expect(refusal.code == .invalidArgument && refusal.message.contains("xn--"))
      let ascii = try await create(
        "shop", address.replacing("bücher", with: "xn--bcher-kva"), replyTo.replacing("bücher", with: "xn--bcher-kva"))
      #expect(ascii.code == .ok)
    }
  }

  @Test("whoever may not read custom tables gets no rows by a template either")
  func rowsByTemplates() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add([2])
      try await suite.createCampaign()
      typealias Service = MessagingV1.MessagingService
      func caller(_ more: Principal.Grant...) -> TestSuite.Caller {
        .holder(
          more + [
            .init(entity: 1, module: .messaging, rights: [.write, .launch]),
            .init(entity: 1, module: .profiles, rights: [.read]), .init(entity: 1, module: .targeting, rights: [.read]),
          ])
      }
      func attempts(as caller: TestSuite.Caller, _ html: String, id: String) async throws -> [StatusCode] {
        let contents = ["en": MessagingV1.Campaign.content("Hello", html)]
        let created = try await suite.refusal(Service.createCampaign, as: caller) { request in
          (request.parent, request.campaignId, request.campaign) = ("entities/b2c", id, .sample(.mass))
          request.campaign?.contents = contents
        }
        let updated = try await suite.refusal(Service.updateCampaign, as: caller) { request in
          request.campaign = .init()
          request.campaign?.name = TestSuite.campaign
          request.campaign?.contents = contents
        }
        return [created.code, updated.code]
      }
      let rows = "{% for order in rows.orders %}{{ order.amount }}{% endfor %}"
      let repository = "{{ profile.preferredStore.city }}"
      let stranger = caller()
      #expect(try await attempts(as: stranger, rows, id: "x") == [.permissionDenied, .permissionDenied])
      #expect(try await attempts(as: stranger, repository, id: "x") == [.permissionDenied, .permissionDenied])
      let previewed = try await suite.refusal(Service.previewCampaign, as: stranger) { request in
        request.name = TestSuite.campaign
        request.profile = "\(PeersDouble.customers)/profiles/2"
      }
      let launched = try await suite.refusal(Service.launchCampaign, as: stranger) { $0.name = TestSuite.campaign }
      #expect(previewed.code == .permissionDenied && launched.code == .permissionDenied)
      #expect(try await suite.get().state == .draft)
      #expect(try await attempts(as: stranger, "{{ profile.firstName }}", id: "y") == [.ok, .ok])
      let reader = caller(.init(entity: 1, module: .tables, rights: [.read]))
      #expect(try await attempts(as: reader, rows, id: "z") == [.ok, .ok])
      let again = try await suite.refusal(Service.launchCampaign, as: reader) { $0.name = TestSuite.campaign }
      #expect(again.code == .ok)
    }
  }

  @Test("messages are listed by state and by profile, page by page")
  func filters() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...5)
      for profile in [2, 4, 5] { suite.peers.change(UInt32(profile), "newsletter", .flag(false)) }
      try await suite.createCampaign()
      try await suite.launch()
      try await suite.sendAll()
      func list(_ state: MessagingV1.MessageState, profile: Int? = nil) async throws -> [String] {
        var (found, token) = ([String](), "")
        repeat {
          let page = try await suite.call(MessagingV1.MessagingService.listMessages) { request in
            (request.parent, request.state) = (TestSuite.campaign, state)
            (request.pageSize, request.pageToken) = (2, token)
            if let profile { request.profile = "\(PeersDouble.customers)/profiles/\(profile)" }
          }
          found += page.messages.map { String($0.profile.split(separator: "/").last ?? "") }
          token = page.nextPageToken
        } while !token.isEmpty
        return found
      }
      #expect(try await list(.unspecified) == ["1", "2", "3", "4", "5"])
      #expect(try await list(.notSent) == ["2", "4", "5"])
      #expect(try await list(.sent) == ["1", "3"])
      #expect(try await list(.unspecified, profile: 4) == ["4"])
      #expect(try await list(.sent, profile: 4).isEmpty)
      #expect(try await list(.notSent, profile: 4) == ["4"])
    }
  }

  @Test("another entity sees nothing, and changes nothing")
  func isolation() async throws {
    try await TestSuite.with { suite async throws in
      suite.peers.add(1...2)
      try await suite.createCampaign()
      let stranger = TestSuite.Caller.writer([TestSuite.b2b])
      typealias Service = MessagingV1.MessagingService
      var codes: [StatusCode] = []
      codes.append(try await suite.refusal(Service.getCampaign, as: stranger) { $0.name = TestSuite.campaign }.code)
      codes.append(try await suite.refusal(Service.launchCampaign, as: stranger) { $0.name = TestSuite.campaign }.code)
      codes.append(try await suite.refusal(Service.pauseCampaign, as: stranger) { $0.name = TestSuite.campaign }.code)
      codes.append(try await suite.refusal(Service.cancelCampaign, as: stranger) { $0.name = TestSuite.campaign }.code)
      codes.append(try await suite.refusal(Service.deleteCampaign, as: stranger) { $0.name = TestSuite.campaign }.code)
      codes.append(
        try await suite.refusal(Service.getCampaignReport, as: stranger) { $0.name = TestSuite.campaign }.code)
      codes.append(try await suite.refusal(Service.listMessages, as: stranger) { $0.parent = TestSuite.campaign }.code)
      codes.append(try await suite.refusal(Service.listCampaigns, as: stranger) { $0.parent = "entities/b2c" }.code)
      codes.append(
        try await suite.refusal(Service.getSender, as: stranger) { $0.name = "entities/b2c/senders/shop" }.code)
      codes.append(
        try await suite.refusal(
          InternalV1.MessageDirectoryService.sendCampaign, as: .service(.automation, [TestSuite.b2b])
        ) {
          $0.campaign = TestSuite.campaign
          $0.profile = 1
          $0.requestId = "x"
        }.code)
      #expect(codes == Array(repeating: .notFound, count: codes.count))
      #expect(try await suite.call(Service.listCampaigns, as: stranger) { $0.parent = "entities/-" }.campaigns.isEmpty)
      #expect(try await suite.call(Service.listSenders, as: stranger) { $0.parent = "entities/-" }.senders.isEmpty)
      #expect(try await suite.get().state == .draft)
      let reader = try await suite.refusal(Service.launchCampaign, as: .reader([TestSuite.b2c])) {
        $0.name = TestSuite.campaign
      }
      #expect(reader.code == .permissionDenied)
    }
  }

  @Test(
    "public addresses are https, or of this machine",
    arguments: [
      ("https://mail.example.com", true), ("https://mail.example.com/", true), ("https://a.test/x", true),
      ("http://127.0.0.1:8080", true), ("http://localhost:1", true), ("http://[::1]:80", true),
      ("http://mail.example.com", false), ("http://127.0.0.1.evil.test", false), ("ftp://x", false),
      ("https://", false),
      ("https://a.test?x", false), ("https://u@a.test", false), ("", false), ("https://a.test/\"x", false),
    ])
  func publicBaseURL(text: String, isAllowed: Bool) {
    #expect((PublicBaseURL(text) != nil) == isAllowed)
  }
}
