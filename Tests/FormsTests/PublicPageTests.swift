import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceKitTesting
import ServiceTesting
import Testing
import UserTables

@testable import Forms

@Suite("Pages")
struct PublicPageTests {
  @Test("let a profile answer by its link and change the answers, which the page shows again")
  func personal() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      let path = try await suite.link(1, hidden: ["origin": "mail of May"])
      let page = try await suite.get(path)
      #expect(page.status == 200 && page.html.contains("<html lang=\"en\">"))
      #expect(page.headers["cache-control"] == "no-store" && page.headers["referrer-policy"] == "no-referrer")
      #expect(!page.html.contains("origin") && !page.html.contains("mail of May"))
      let sent = try await suite.post(path, ["reason": "other", "detail": "Too far\r\naway", "rating": "2"])
      #expect(sent.status == 303)
      #expect(sent.headers["location"] == "\(TestSuite.base)/f/\(path)?done=1")
      #expect(try await suite.get(path, query: "done=1").html.contains("Thank you"))
      let again = try await suite.get(path).html
      #expect(again.contains("value=\"other\" checked") && again.contains("Too far\naway</textarea>"))
      #expect(try await suite.post(path, ["reason": "price", "detail": "Too far", "rating": "5"]).status == 303)
      let all = try await suite.participations()
      #expect(all.count == 1 && all[0].edits == 1 && all[0].source == .personalLink)
      #expect(all[0].profile == "\(TestSuite.customers)/profiles/1")
      // The detail is not shown for this reason; the hidden answer is the link's.
      #expect(all[0].answers == ["reason": .text("price"), "rating": .int(5), "origin": .text("mail of May")])
    }
  }

  @Test("take so many bytes a minute by a public link, and as many as come by personal ones")
  func pace() throws {
    let pace = PublicPace()
    let start = ContinuousClock.now
    for _ in 0..<8 { #expect(pace.admits(1 << 20, to: 1, at: start)) }
    #expect(!pace.admits(1, to: 1, at: start + .seconds(59)))
    #expect(pace.admits(1, to: 2, at: start + .seconds(59)))
    #expect(pace.admits(1, to: 1, at: start + .seconds(60)))
    var small = 1
    while pace.admits(1, to: 1, at: start + .seconds(60)) { small += 1 }
    #expect(small == 8_192)
  }

  @Test("ask strangers to send again in a minute when very many answer")
  func busy() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack(.several)
      form.maxParticipations = 0
      let path = TestSuite.path(try await suite.publish(form).publicUrl)
      let answers = "reason=price&rating=4&more=" + String(repeating: "x", count: 400_000)
      func answer(_ path: String) async throws -> TestSuite.Page {
        try await suite.browse { request in
          (request.method, request.path, request.body) = ("POST", path, Array(answers.utf8))
          request.headers = [.init("content-type", "application/x-www-form-urlencoded")]
        }
      }
      for _ in 0..<20 { #expect(try await answer(path).status == 303) }
      let refused = try await answer(path)
      #expect(refused.status == 429 && refused.headers["retry-after"] == "60")
      #expect(refused.html.contains("again in a minute") && refused.html.contains("value=\"price\" checked"))
      #expect(try await answer(try await suite.link(1)).status == 303)
      suite.time.advance(by: .seconds(60))
      #expect(try await answer(path).status == 303)
      #expect(try await suite.participations().count == 22)
    }
  }

  @Test("drop what is posted for a hidden question, whoever posts it")
  func hidden() async throws {
    try await TestSuite.with { suite async throws in
      let path = TestSuite.path(try await suite.publish().publicUrl)
      let sent = try await suite.post(
        path, ["reason": "price", "detail": "not shown", "rating": "4", "origin": "forged", "nothing": "x"])
      #expect(sent.status == 303)
      let all = try await suite.participations()
      #expect(all.map(\.answers) == [["reason": .text("price"), "rating": .int(4)]])
      #expect(all[0].source == .publicLink && all[0].profile.isEmpty)
    }
  }

  @Test("never show the answer of a hidden question, wherever it stands, and keep it when the answers are changed")
  func hiddenElsewhere() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      form.pages.append(FormsV1.Page("last", [form.pages[0].questions.removeLast(), .text("wish")]))
      try await suite.publish(form)
      let first = try await suite.link(1, hidden: ["origin": "secret origin"])
      let answers: KeyValuePairs = ["reason": "price", "rating": "4"]
      #expect(try await suite.post(first, answers).status == 303)
      let other = try await suite.link(1)
      for path in [first, other] { #expect(!(try await suite.get(path).html.contains("secret origin"))) }
      #expect(try await suite.post(other, ["reason": "price", "rating": "5"]).status == 303)
      let kept = try await suite.participations()
      #expect(kept.map(\.edits) == [1] && kept[0].answers["origin"] == .text("secret origin"))
    }
  }

  @Test("show what an answer brings before they take the page, without a script")
  func displayLogic() async throws {
    try await TestSuite.with { suite async throws in
      let path = TestSuite.path(try await suite.publish().publicUrl)
      let first = try await suite.get(path)
      #expect(!first.html.contains("name=\"detail\""))
      let submission = try #require(first.field("_submission"))
      let brought = try await suite.post(
        path,
        [
          "_page": "first", "_shown": "reason rating", "_submission": submission, "_go": "next", "reason": "other",
          "rating": "3",
        ])
      #expect(brought.status == 200 && brought.html.contains("name=\"detail\""))
      #expect(brought.field("_shown") == "reason detail rating")
      #expect(try await suite.participations().isEmpty)
      let sent = try await suite.post(
        path,
        [
          "_page": "first", "_shown": "reason detail rating", "_submission": submission, "_go": "next",
          "reason": "other", "detail": "Moved", "rating": "3",
        ])
      #expect(sent.status == 303)
      #expect(try await suite.participations().first?.answers["detail"] == .text("Moved"))
    }
  }

  @Test("follow each other, carry what was answered, and go back without losing it")
  func several() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      var second = FormsV1.Page("second", [.text("wish", required: true)])
      second.showIf = FormsV1.DisplayCondition("rating", .atMost(Decimals.whole(3)))
      form.pages.append(second)
      let path = TestSuite.path(try await suite.publish(form).publicUrl)
      let next = try await suite.post(
        path, ["_page": "first", "_shown": "reason rating", "_go": "next", "reason": "price", "rating": "3"])
      #expect(next.status == 200 && next.field("_page") == "second")
      #expect(next.field("reason") == "price" && next.field("rating") == "3")
      let back = try await suite.post(
        path, ["_page": "second", "_shown": "wish", "_go": "back", "reason": "price", "rating": "3", "wish": ""])
      #expect(back.status == 200 && back.html.contains("value=\"price\" checked"))
      let missing = try await suite.post(
        path, ["_page": "second", "_shown": "wish", "_go": "next", "reason": "price", "rating": "3"])
      #expect(missing.status == 422 && missing.html.contains("id=\"q-wish-problem\""))
      // The second page is not shown for this rating.
      let sent = try await suite.post(
        path, ["_page": "first", "_shown": "reason rating", "_go": "next", "reason": "price", "rating": "4"])
      #expect(sent.status == 303)
    }
  }

  @Test("say at each question what is wrong, and record nothing")
  func problems() async throws {
    try await TestSuite.with { suite async throws in
      let path = try await suite.publish().publicUrl
      let page = try await suite.post(TestSuite.path(path), ["reason": "nothing", "rating": "9"])
      #expect(page.status == 422 && page.html.contains("role=\"alert\""))
      #expect(page.html.contains("href=\"#q-reason\"") && page.html.contains("id=\"q-rating-problem\""))
      #expect(try await suite.participations().isEmpty)
    }
  }

  @Test("count a page that is sent twice once, and other answers of the same page as another")
  func twice() async throws {
    try await TestSuite.with { suite async throws in
      let path = TestSuite.path(try await suite.publish(.winBack(.several)).publicUrl)
      let submission = try #require(try await suite.get(path).field("_submission"))
      func send(_ rating: String) async throws -> Int32 {
        try await suite.post(
          path,
          [
            "_page": "first", "_shown": "reason rating", "_submission": submission, "reason": "price",
            "rating": rating,
          ]
        ).status
      }
      async let one = send("4")
      async let other = send("4")
      #expect(try await [one, other] == [303, 303])
      #expect(try await suite.participations().count == 1)
      #expect(try await send("3") == 303)
      #expect(try await suite.participations().count == 2)
    }
  }

  @Test("are closed to links that were changed, cut, or made for another form")
  func tampering() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      let path = try await suite.link(1, hidden: ["origin": "x"])
      #expect(try await suite.get(path).status == 200)
      let bytes = try #require(Base64URL.decode(path.utf8))
      for index in bytes.indices {
        var forged = bytes
        forged[index] ^= 1
        #expect(suite.rooms.links.open(Base64URL.encode(forged)) == nil, "byte \(index)")
      }
      for other in ["", "/", "x", String(path.dropLast()), path + "A", path + "/", "../\(path)"] {
        #expect(try await suite.get(other).status == 404, "\(other)")
      }
      let stranger = FormLinks(base: TestSuite.base, secret: Array(repeating: 8, count: 32))
      let foreign = try stranger.path(of: .personal(entity: 1, form: 1, profile: 1, hidden: [:]))
      #expect(try await suite.get(foreign).status == 404)
      // Signed, and of nothing that there is.
      let none = try suite.rooms.links.path(of: .personal(entity: 1, form: 99, profile: 1, hidden: [:]))
      #expect(try await suite.get(none).status == 404)
      let elsewhere = try suite.rooms.links.path(of: .personal(entity: 2, form: 1, profile: 1, hidden: [:]))
      #expect(try await suite.get(elsewhere).status == 404)
    }
  }

  @Test("are open to everybody only where the form says so")
  func publicLink() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      form.publicLink = false
      #expect(try await suite.publish(form).publicUrl.isEmpty)
      let path = try suite.rooms.links.path(of: .open(entity: 1, form: 1))
      #expect(try await suite.get(path).status == 404)
      #expect(try await suite.post(path, ["reason": "price", "rating": "4"]).status == 404)
    }
  }

  @Test("escape whatever labels and answers hold")
  func escaping() async throws {
    try await TestSuite.with { suite async throws in
      let evil = "</textarea><script>alert(1)</script>\" onload='x' &amp;"
      var form = FormsV1.Form.winBack()
      form.title = FormsV1.LocalizedText(evil)
      form.pages[0].title = FormsV1.LocalizedText(evil)
      form.pages[0].questions = [
        FormsV1.Question("line", .text(.init()), label: evil), .text("area", long: true),
        FormsV1.Question("mail", .email(.init()), label: evil), .choice("pick", ["a"]),
      ]
      form.enrichment = []
      try await suite.publish(form)
      let path = try await suite.link(1)
      let wrong = try await suite.post(
        path, ["line": evil, "area": evil, "mail": evil, "pick": evil, "_submission": evil, evil: evil])
      #expect(wrong.status == 422)
      #expect(try await suite.post(path, ["line": evil, "area": evil]).status == 303)
      for html in [wrong.html, try await suite.get(path).html, try await suite.get(path, query: "lang=\(evil)").html] {
        #expect(!html.contains("<script") && !html.contains("onload='") && !html.contains("\" onload"))
        #expect(
          html.contains("&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp;amp;"))
      }
      #expect(try await suite.participations()[0].answers["line"] == .text(evil))
    }
  }

  @Test("speak the language that is asked for: by the page, the profile, or the browser")
  func languages() async throws {
    try await TestSuite.with { suite async throws in
      let url = TestSuite.path(try await suite.publish().publicUrl)
      #expect(try await suite.get(url).html.contains("Why did you leave?"))
      #expect(try await suite.get(url, language: "nl, fr-BE;q=0.8, en;q=0.5").html.contains("<html lang=\"fr\">"))
      #expect(try await suite.get(url, query: "lang=fr", language: "en").html.contains("Libellé de reason"))
      suite.profiles.set("motherLanguage", .text("fr"), of: 1)
      let path = try await suite.link(1)
      #expect(try await suite.get(path, language: "en").html.contains("obligatoire"))
      #expect(try await suite.get(path, query: "lang=xx", language: "en").html.contains("<html lang=\"fr\">"))
    }
  }

  @Test("refuse what is too large, of another type, or no UTF-8, and methods other than those of a browser")
  func limits() async throws {
    try await TestSuite.with { suite async throws in
      let path = TestSuite.path(try await suite.publish().publicUrl)
      let large = String(repeating: "x", count: 600_000)
      #expect(try await suite.post(path, ["detail": large]).status == 413)
      #expect(try await suite.post(path, ["reason": "price"], type: "multipart/form-data").status == 415)
      let broken = try await suite.browse { request in
        request.method = "POST"
        request.path = path
        request.headers = [.init("content-type", "application/x-www-form-urlencoded; charset=utf-8")]
        request.body = Array("reason=%FF".utf8)
      }
      #expect(broken.status == 400)
      #expect(try await suite.get(path, method: "DELETE").status == 405)
      let head = try await suite.get(path, method: "HEAD")
      #expect(head.status == 200 && head.html.isEmpty)
      #expect(try await suite.participations().isEmpty)
    }
  }

  @Test("say that a profile has answered, once and for good")
  func final() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish(.winBack(.onceFinal))
      let path = try await suite.link(1)
      #expect(try await suite.post(path, ["reason": "price", "rating": "4"]).status == 303)
      let again = try await suite.get(path)
      #expect(again.status == 200 && !again.html.contains("<form") && again.html.contains("already"))
      #expect(try await suite.post(path, ["reason": "other", "rating": "1"]).status == 409)
      #expect(try await suite.participations()[0].answers["rating"] == .int(4))
    }
  }

  @Test("take a consent when its box is ticked, and withdraw it only where it was given")
  func consent() async throws {
    try await TestSuite.with { suite async throws in
      var form = FormsV1.Form.winBack()
      form.pages[0].questions = [FormsV1.Question("letters", .consent(.init())), .text("line")]
      form.enrichment = []
      try await suite.publish(form)
      let path = try await suite.link(1)
      func answer(_ fields: KeyValuePairs<String, String>) async throws -> TypeV1.Value? {
        #expect(try await suite.post(path, fields).status == 303)
        return try await suite.participations()[0].answers["letters"]
      }
      #expect(try await answer(["line": "a"]) == nil)
      #expect(try await answer(["line": "a", "letters": "true"]) == .bool(true))
      #expect(try await answer(["line": "a"]) == .bool(false))
    }
  }
}

/// Decimals for conditions.
enum Decimals {
  static func whole(_ number: UInt64) -> TypeV1.Decimal {
    var decimal = TypeV1.Decimal()
    decimal.low = number
    return decimal
  }
}
