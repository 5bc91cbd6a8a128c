internal import Messages
internal import RPC
internal import ServiceKit
internal import Values

/// Answers browsers: shows forms, and takes what was answered.
///
/// What a page needs travels with it, so any copy of the service answers any request. GET and HEAD change nothing.
struct PublicPageHandlers: Sendable {
  let forms: FormStore
  let store: ParticipationStore
  let writer: ParticipationWriter
  let profiles: ProfileDirectory
  let links: FormLinks
  let time: any TimeSource
  let randomness: any Randomness
  private let pace = PublicPace()

  private typealias Page = InternalV1.ServePublicPageResponse

  func register(on router: inout Router) {
    router.handle(InternalV1.PublicPageService.servePublicPage) { try await serve($0, $1) }
  }

  private func serve(
    _ request: InternalV1.ServePublicPageRequest, _ call: Call
  ) async throws -> InternalV1.ServePublicPageResponse {
    guard ["GET", "HEAD", "POST"].contains(request.method) else {
      return Page(405, "", adding: ["allow": "GET, HEAD, POST"])
    }
    let query = PostedFields(request.query.utf8) ?? PostedFields()
    guard let link = links.open(request.path), let visit = try await visit(link, request, query, call.deadline) else {
      let language = PageLanguage.pick(
        for: Self.anyForm, asked: query["lang"], profile: nil, accepted: request.header("accept-language"))
      return Page(404, FormPage.message(PageWords.of(language).gone, language: language))
    }
    if let refusal = refusal(visit.form) {
      return Page(refusal.status, visit.page.message(refusal.text(visit.page.language)))
    }
    var page = request.method == "POST" ? try await take(request, visit) : try await show(visit)
    if request.method == "HEAD" { page.body = [] }
    return page
  }

  // MARK: - Visits

  /// Somebody at a form.
  private struct Visit: Sendable {
    let form: FormDefinition
    let link: FormLink
    /// As the link was written.
    let path: String
    let query: PostedFields
    let page: FormPage
    /// The participation that the profile has already, when it may have but one.
    let known: ParticipationRecord?
  }

  /// - Returns: nil when the link leads nowhere: the form or the profile is gone, or nobody may answer by such a link.
  private func visit(
    _ link: FormLink, _ request: InternalV1.ServePublicPageRequest, _ query: PostedFields, _ deadline: Deadline?
  ) async throws -> Visit? {
    guard let form = try await forms.find(number: link.form, entity: link.entity), form.message.state != .draft else {
      return nil
    }
    var motherLanguage: String?
    var known: ParticipationRecord?
    if let number = link.profile {
      guard let profile = try await profiles.read(number, of: form, deadline: deadline) else { return nil }
      if case .stringValue(let language) = profile.fields["motherLanguage"]?.kind { motherLanguage = language }
      if form.message.policy != .several { known = try await store.latest(of: form, profile: number) }
    } else if !form.message.publicLink {
      return nil
    }
    let language = PageLanguage.pick(
      for: form.message, asked: query["lang"], profile: motherLanguage, accepted: request.header("accept-language"))
    let page = FormPage(form: form.message, language: language, submission: submission(in: nil))
    return Visit(form: form, link: link, path: request.path, query: query, page: page, known: known)
  }

  // Any form, to choose a language of our own words by.
  private static let anyForm: FormsV1.Form = {
    var form = FormsV1.Form()
    form.defaultLanguage = "en"
    form.title = FormsV1.LocalizedText()
    form.title?.texts = ["en": "-", "fr": "-", "nl": "-", "de": "-"]
    return form
  }()

  /// What is drawn with a page, as it came back with it or anew.
  private func submission(in fields: PostedFields?) -> String {
    if let sent = fields?[FormPage.Field.submission], sent.utf8.count == 22, Base64URL.decode(sent.utf8) != nil {
      return sent
    }
    return Base64URL.encode(randomness.bytes(16))
  }

  private struct Refusal {
    let status: Int32
    let text: (_ language: String) -> String
  }

  private func refusal(_ form: FormDefinition) -> Refusal? {
    let now = time.now
    if form.isOpen(at: now) { return nil }
    if form.message.state == .published && form.isBeforeOpening(now) {
      return Refusal(status: 403) { PageWords.of($0).notYet }
    }
    return Refusal(status: 410) { PageWords.of($0).over }
  }

  // MARK: - Showing

  private func show(_ visit: Visit) async throws -> Page {
    let policy = visit.form.message.policy
    if visit.query["done"] != nil {
      return Page(200, visit.page.ending(canChange: policy == .onceEditable && visit.known != nil))
    }
    if policy == .onceFinal, visit.known != nil {
      return Page(200, visit.page.message(PageWords.of(visit.page.language).alreadyAnswered))
    }
    let filling = Filling(visit.form.message, stored: visit.known?.answers ?? [:])
    guard let first = filling.pages.first else {
      return Page(410, visit.page.message(PageWords.of(visit.page.language).over))
    }
    return Page(200, visit.page.questions(on: first, of: filling))
  }

  // MARK: - Taking

  private func take(_ request: InternalV1.ServePublicPageRequest, _ visit: Visit) async throws -> Page {
    let words = PageWords.of(visit.page.language)
    guard request.mediaType == "application/x-www-form-urlencoded" else {
      return Page(415, visit.page.message(words.notAccepted))
    }
    guard request.body.count <= PostedFields.mostBytes else { return Page(413, visit.page.message(words.notAccepted)) }
    guard let fields = PostedFields(request.body) else { return Page(400, visit.page.message(words.notAccepted)) }
    let form = visit.form.message
    let page = FormPage(form: form, language: visit.page.language, submission: submission(in: fields))
    let filling = Filling(form, fields: fields, stored: visit.known?.answers ?? [:], hidden: visit.link.hidden)
    if let shown = step(filling, fields, page) { return shown }
    // Wherever the reader stands: nothing is taken that is not right as a whole.
    if let wrong = filling.pages.first(where: { !filling.problems(on: $0).isEmpty }) {
      return Page(422, page.questions(on: wrong, of: filling, tells: true))
    }
    if visit.link.profile == nil, !pace.admits(request.body.count, to: visit.form.number, at: time.monotonic) {
      let last = filling.pages.last.map { page.questions(on: $0, of: filling, notice: words.busy) }
      return Page(429, last ?? page.message(words.busy), adding: ["retry-after": "60"])
    }
    let submission = fields[FormPage.Field.submission] == nil ? nil : page.submission
    return try await record(filling, visit, page, submission: submission)
  }

  /// Shows another page, or the same again; nil when the last page is sent, or all at once.
  private func step(_ filling: Filling, _ fields: PostedFields, _ page: FormPage) -> Page? {
    guard let id = fields[FormPage.Field.page] else { return nil }
    let pages = filling.pages
    guard let place = pages.firstIndex(where: { $0.page.id == id }) else {
      // What it depends on was changed: from the beginning.
      return pages.first.map { Page(200, page.questions(on: $0, of: filling)) }
    }
    let here = pages[place]
    if fields[FormPage.Field.go] == FormPage.back {
      return Page(200, page.questions(on: pages[max(0, place - 1)], of: filling))
    }
    let seen = Set((fields[FormPage.Field.shown] ?? "").split(separator: " ").map(String.init))
    let problems = filling.problems(on: here)
    // What an answer on this page has brought was not seen yet, so nothing is wrong with it.
    let hasNews = here.visible.contains { !seen.contains($0.id) }
    if problems.contains(where: { seen.contains($0.key) }) {
      return Page(422, page.questions(on: here, of: filling, tells: true))
    }
    if hasNews {
      let notice = PageWords.of(page.language).moreQuestions
      return Page(200, page.questions(on: here, of: filling, notice: notice))
    }
    return place + 1 < pages.count ? Page(200, page.questions(on: pages[place + 1], of: filling)) : nil
  }

  private func record(
    _ filling: Filling, _ visit: Visit, _ page: FormPage, submission: String?
  ) async throws -> Page {
    let words = PageWords.of(page.language)
    let outcome = try await writer.record(
      Submission(
        form: visit.form, profile: visit.link.profile, answers: filling.shown.answers,
        source: visit.link.profile == nil ? .publicLink : .personalLink, submission: submission))
    switch outcome {
    case .created, .changed, .repeated: return seeOther(visit)
    case .alreadyAnswered: return Page(409, page.message(words.alreadyAnswered))
    case .notOpen: return Page(410, page.message(words.over))
    case .gone: return Page(404, page.message(words.gone))
    case .outdated:
      guard let first = filling.pages.first else { return Page(410, page.message(words.over)) }
      return Page(409, page.questions(on: first, of: filling, notice: words.changedMeanwhile))
    }
  }

  /// To the end, by GET: a page that is loaded again sends nothing again.
  private func seeOther(_ visit: Visit) -> Page {
    let language = visit.query["lang"] == nil ? "" : "lang=\(visit.page.language)&"
    return Page(303, "", adding: ["location": "\(links.url(path: visit.path))?\(language)done=1"])
  }
}

extension InternalV1.ServePublicPageRequest {
  /// Of the body, without parameters.
  fileprivate var mediaType: String? {
    header("content-type")?.split(separator: ";").first.map { String($0).trimmingSpaces.lowercased() }
  }

  fileprivate func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.value
  }
}

extension InternalV1.ServePublicPageResponse {
  /// A page that nobody keeps: it holds what somebody has answered, and its address is a key.
  fileprivate init(_ status: Int32, _ html: String, adding headers: KeyValuePairs<String, String> = [:]) {
    self.init()
    self.status = status
    self.body = Array(html.utf8)
    let own: KeyValuePairs = [
      "content-type": "text/html; charset=utf-8", "cache-control": "no-store",
      "content-security-policy": FormPage.policy, "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff", "x-robots-tag": "noindex",
    ]
    self.headers = (Array(own) + Array(headers)).map { name, value in
      var header = InternalV1.HttpHeader()
      header.name = name
      header.value = value
      return header
    }
  }
}
