import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting

@testable import Forms

extension TestSuite {
  private typealias Service = FormsV1.FormService

  @discardableResult
  func create(
    _ form: FormsV1.Form = .winBack(), id: String = "win-back", as caller: Caller = .writer([b2c])
  ) async throws -> FormsV1.Form {
    try await call(Service.createForm, as: caller) { request in
      request.parent = form.profileTable.hasPrefix("entities/b2b") ? "entities/b2b" : "entities/b2c"
      request.formId = id
      request.form = form
    }
  }

  /// Creates and publishes a form.
  @discardableResult
  func publish(_ form: FormsV1.Form = .winBack(), id: String = "win-back") async throws -> FormsV1.Form {
    try await create(form, id: id)
    return try await call(Service.publishForm) { $0.name = "entities/b2c/forms/\(id)" }
  }

  /// The path, as the gateway passes it on, at which a profile answers.
  func link(_ profile: UInt32, hidden: [String: String] = [:]) async throws -> String {
    let url = try await call(Service.createPersonalLink) { request in
      request.parent = Self.form
      request.profile = "\(Self.customers)/profiles/\(profile)"
      request.hidden = hidden
    }.url
    return Self.path(url)
  }

  static func path(_ url: String) -> String {
    String(url.dropFirst("\(base)/f/".count))
  }

  func push(
    _ answers: Answers, profile: String = "", requestID: String = ""
  ) async throws -> FormsV1.Participation {
    try await call(Service.createParticipation) { request in
      request.parent = Self.form
      request.participation = FormsV1.Participation()
      request.participation?.answers = answers
      request.participation?.profile = profile
      request.requestId = requestID
    }
  }

  /// All participations of a form, oldest first.
  func participations(_ form: String = Self.form) async throws -> [FormsV1.Participation] {
    try await call(Service.listParticipations) { request in
      request.parent = form
      request.pageSize = 1_000
    }.participations.reversed()
  }

  /// Every event in the outbox, in its order.
  func events() async throws -> [InternalV1.ParticipationRecorded] {
    let statement = Statement(name: "test.events", sql: "SELECT type, body FROM log_outbox ORDER BY id")
    return try await test.database.read(statement, [], as: .worker).map {
      try InternalV1.ParticipationRecorded(decoding: $0.bytes(1))
    }
  }

  /// How many rows wait to be written into profiles.
  func waitingEnrichments() async throws -> Int64 {
    let statement = Statement(name: "test.waiting", sql: "SELECT count(*) FROM enrichments")
    return try await test.database.read(statement, [], as: .worker)[0].int(0)
  }

  // MARK: - Browsers

  /// A page as a browser gets it.
  struct Page {
    let status: Int32
    let headers: [String: String]
    let html: String

    /// The value of the page's own hidden field.
    func field(_ name: String) -> String? {
      guard let start = html.range(of: "name=\"\(name)\" value=\"") else { return nil }
      return String(html[start.upperBound...].prefix { $0 != "\"" })
    }
  }

  func get(_ path: String, query: String = "", language: String? = nil, method: String = "GET") async throws -> Page {
    try await browse { request in
      request.method = method
      request.path = path
      request.query = query
      if let language { request.headers = [.init("accept-language", language)] }
    }
  }

  func post(
    _ path: String, _ fields: KeyValuePairs<String, String>, type: String = "application/x-www-form-urlencoded"
  ) async throws -> Page {
    try await browse { request in
      request.method = "POST"
      request.path = path
      request.headers = [.init("content-type", type)]
      request.body = Array(fields.map { "\($0.formEncoded)=\($1.formEncoded)" }.joined(separator: "&").utf8)
    }
  }

  func browse(_ fill: (inout InternalV1.ServePublicPageRequest) throws -> Void) async throws -> Page {
    let response = try await call(
      InternalV1.PublicPageService.servePublicPage, as: .service(.gateway, []), fill)
    return Page(
      status: response.status,
      headers: Dictionary(response.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
      html: String(decoding: response.body, as: UTF8.self))
  }
}

extension InternalV1.HttpHeader {
  init(_ name: String, _ value: String) {
    self.init()
    self.name = name
    self.value = value
  }
}

extension String {
  /// As a browser sends it.
  var formEncoded: String {
    utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        String(UnicodeScalar(byte))
      case UInt8(ascii: " "): "+"
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }

  fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}
