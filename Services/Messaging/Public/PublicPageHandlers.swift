internal import HTTP
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers what browsers and mail programs ask for by a message's links.
///
/// A GET changes nothing but what is known of the recipient's reading: programs follow every link of a mail to look for
/// harm, and must not unsubscribe anyone.
struct PublicPageHandlers: Sendable {
  let links: Links
  let behaviour: BehaviourStore
  let unsubscribing: Unsubscribing
  let profiles: ProfileDirectory
  let reader: RecipientReader
  let time: any TimeSource

  func register(on router: inout Router) {
    router.handle(InternalV1.PublicPageService.servePublicPage) { request, _ in try await serve(request) }
  }

  private func serve(_ request: InternalV1.ServePublicPageRequest) async throws -> InternalV1.ServePublicPageResponse {
    guard let link = links.open(request.path) else { return PublicPage.notFound }
    guard let found = try await behaviour.find(link) else { return PublicPage.gone }
    switch (request.method, link.kind) {
    case ("GET", .webVersion), ("HEAD", .webVersion): return try await webVersion(found, request)
    case ("GET", .open), ("HEAD", .open): return try await pixel(found, request)
    case ("GET", .click), ("HEAD", .click): return try await redirect(found, to: link.target, request)
    case ("GET", .unsubscribe), ("HEAD", .unsubscribe): return PublicPage.askToUnsubscribe(in: found.language)
    case ("POST", .unsubscribe): return try await unsubscribe(found, request)
    default: return PublicPage.methodNotAllowed(link.kind == .unsubscribe ? "GET, HEAD, POST" : "GET, HEAD")
    }
  }

  /// The message as a page: rendered anew from what is known now, so that it shows nothing of a profile that is gone.
  private func webVersion(
    _ found: BehaviourStore.Found, _ request: InternalV1.ServePublicPageRequest
  ) async throws -> InternalV1.ServePublicPageResponse {
    let campaign = found.campaign
    let contents = try CampaignContents(campaign.message)
    let table = try await profiles.describe(campaign.message.profileTable, entity: campaign.entity)
    let recipients = try await reader.read([found.profile], of: table, needs: contents.needs, entity: campaign.entity)
    guard let recipient = recipients[found.profile] else { return PublicPage.gone }
    let renderer = MessageRenderer(campaign: campaign, contents: contents, links: links)
    guard
      let rendered = try? renderer.render(
        for: recipient, message: found.id, values: MessageStore.values(found.values), tracking: .links)
    else { return PublicPage.gone }
    try await note(found, request)
    return PublicPage.webVersion(rendered)
  }

  private func pixel(
    _ found: BehaviourStore.Found, _ request: InternalV1.ServePublicPageRequest
  ) async throws -> InternalV1.ServePublicPageResponse {
    try await note(found, request)
    return PublicPage.pixel
  }

  private func note(_ found: BehaviourStore.Found, _ request: InternalV1.ServePublicPageRequest) async throws {
    guard request.method == "GET" else { return }
    try await behaviour.opened(found.id, byMachine: Machines.sent(request), now: time.now)
  }

  private func redirect(
    _ found: BehaviourStore.Found, to target: String, _ request: InternalV1.ServePublicPageRequest
  ) async throws -> InternalV1.ServePublicPageResponse {
    if request.method == "GET" {
      try await behaviour.clicked(found.id, url: target, byMachine: Machines.sent(request), now: time.now)
    }
    return PublicPage.redirect(to: target)
  }

  private func unsubscribe(
    _ found: BehaviourStore.Found, _ request: InternalV1.ServePublicPageRequest
  ) async throws -> InternalV1.ServePublicPageResponse {
    guard OneClick.isAsked(by: request) else { return PublicPage.badRequest }
    return try await unsubscribing.unsubscribe(found.id) ? PublicPage.unsubscribed(in: found.language) : PublicPage.gone
  }
}

/// The one field that unsubscribing by one click is (RFC 8058 §3.1).
enum OneClick {
  static func isAsked(by request: InternalV1.ServePublicPageRequest) -> Bool {
    let type = request.headers.first { $0.name == "content-type" }?.value.lowercased() ?? ""
    if type.hasPrefix("multipart/form-data") {
      // The name, an empty line, the value; what else stands there does not matter.
      let lines = String(decoding: request.body, as: UTF8.self).split(whereSeparator: \.isNewline)
      return zip(lines, lines.dropFirst()).contains { name, value in
        name.lowercased().contains("name=\"list-unsubscribe\"") && value == "One-Click"
      }
    }
    return HTTPField.parse(request.body)?.contains { $0.name == "List-Unsubscribe" && $0.value == "One-Click" } ?? false
  }
}

/// Tells programs from people.
enum Machines {
  /// Apple's and others' proxies, which load every picture ahead, say no more than this.
  private static let anonymous: Set = ["", "mozilla/5.0"]
  private static let words = [
    "bot", "crawl", "spider", "preview", "scan", "proofpoint", "mimecast", "barracuda", "safelinks", "curl", "wget",
    "python", "java/", "go-http", "libwww", "headless", "okhttp", "axios", "node-fetch",
  ]

  /// Whether a request comes from a program rather than from somebody who reads.
  static func sent(_ request: InternalV1.ServePublicPageRequest) -> Bool {
    func header(_ name: String) -> String { request.headers.first { $0.name == name }?.value.lowercased() ?? "" }
    let agent = header("user-agent")
    if anonymous.contains(agent) || words.contains(where: agent.contains) { return true }
    return [header("purpose"), header("sec-purpose"), header("x-moz")].contains { $0.contains("prefetch") }
  }
}
