import Database
import DatabaseTesting
import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing
import UserTables

@testable import Forms

@Suite("Forms")
struct FormTests {
  private typealias Service = FormsV1.FormService

  @Test("are created as drafts, published, changed, closed and deleted")
  func life() async throws {
    try await TestSuite.with { suite async throws in
      let draft = try await suite.create()
      #expect(draft.state == .draft && draft.version == 1 && draft.publicUrl.isEmpty)
      let published = try await suite.call(Service.publishForm) { $0.name = TestSuite.form }
      #expect(published.state == .published && published.publicUrl.hasPrefix("\(TestSuite.base)/f/"))
      let changed = try await suite.call(Service.updateForm) { request in
        request.form = FormsV1.Form()
        request.form?.name = TestSuite.form
        request.form?.maxParticipations = 5
      }
      #expect(changed.version == 2 && changed.maxParticipations == 5 && changed.pages == draft.pages)
      let refusal = try await suite.refusal(Service.deleteForm) { $0.name = TestSuite.form }
      #expect(refusal.code == .failedPrecondition && refusal.reason == "FORM_PUBLISHED")
      #expect(try await suite.call(Service.closeForm) { $0.name = TestSuite.form }.state == .closed)
      let list = try await suite.call(Service.listForms) { $0.parent = "entities/-" }
      #expect(list.forms.map(\.name) == [TestSuite.form])
      _ = try await suite.call(Service.deleteForm) { $0.name = TestSuite.form }
      #expect(try await suite.refusal(Service.getForm) { $0.name = TestSuite.form }.code == .notFound)
    }
  }

  @Test("that are not well formed are refused, and the place is named")
  func definitions() async throws {
    try await TestSuite.with { suite async throws in
      func place(_ change: (inout FormsV1.Form) -> Void) async throws -> [String] {
        var form = FormsV1.Form.winBack()
        change(&form)
        let refusal = try await suite.refusal(Service.createForm) { request in
          request.parent = "entities/b2c"
          request.formId = "bad"
          request.form = form
        }
        #expect(refusal.code == .invalidArgument)
        return refusal.fields
      }
      let questions = "form.pages[0].questions"
      #expect(try await place { $0.defaultLanguage = "english" } == ["form.default_language"])
      #expect(try await place { $0.policy = .unspecified } == ["form.policy"])
      #expect(try await place { $0.defaultLanguage = "nl" } == ["form.title.texts"])
      #expect(try await place { $0.pages[0].questions[1].id = "Reason" } == ["\(questions)[1].id"])
      #expect(try await place { $0.pages[0].questions[0].id = "my reason" } == ["\(questions)[0].id"])
      #expect(try await place { $0.pages[0].questions[0].kind = nil } == ["\(questions)[0]"])
      #expect(
        try await place { $0.pages[0].questions[1].showIf = .init("nothing", .answered(true)) }
          == ["\(questions)[1].show_if.answer.question"])
      // A later question, and so every cycle.
      #expect(
        try await place { $0.pages[0].questions[0].showIf = .init("rating", .answered(true)) }
          == ["\(questions)[0].show_if.answer.question"])
      #expect(
        try await place { $0.pages[0].questions[1].showIf = .init("reason", .equals(.text("dearth"))) }
          == ["\(questions)[1].show_if.answer.equals"])
      #expect(
        try await place { $0.pages[0].questions[1].showIf = .init("reason", .atLeast(.init())) }
          == ["\(questions)[1].show_if.answer.at_least"])
      #expect(try await place { $0.enrichment[0].question = "nothing" } == ["form.enrichment[0].question"])
      #expect(try await place { $0.enrichment[0].field = "nothing" } == ["form.enrichment[0].field"])
      #expect(try await place { $0.enrichment[0].field = "score" } == ["form.enrichment[0].field"])
      #expect(try await place { $0.enrichment[0].field = "newsletter" } == ["form.enrichment[0].field"])
      // Its choices are not those of the segment.
      #expect(try await place { $0.enrichment[0].field = "tier" } == ["form.enrichment[0].field"])
      #expect(
        try await suite.refusal(Service.createForm) { request in
          request.parent = "entities/b2c"
          request.formId = "1 bad"
        }.fields == ["form_id"])
    }
  }

  @Test("keep the kind of every question that was published, also of one that was removed since")
  func kinds() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      func update(_ change: (inout FormsV1.Form) -> Void) async throws -> Refusal {
        var form = FormsV1.Form.winBack()
        form.name = TestSuite.form
        change(&form)
        return try await suite.refusal(Service.updateForm) { $0.form = form }
      }
      let removed = try await update { $0.pages[0].questions.remove(at: 1) }
      #expect(removed.code == .ok, "\(removed)")
      let refusal = try await update { $0.pages[0].questions[1] = .choice("detail", ["a"]) }
      #expect(refusal.fields == ["form.pages[0].questions[1]"], "\(refusal)")
    }
  }

  @Test("that write into profiles are made only by who may write there")
  func rights() async throws {
    try await TestSuite.with { suite async throws in
      let forms = Principal.Grant(entity: 1, module: .forms, rights: [.write])
      let reader = Principal.Grant(entity: 1, module: .profiles, rights: [.read])
      let caller = TestSuite.Caller.holder([forms, reader], [TestSuite.b2c])
      func create(_ form: FormsV1.Form) async throws -> StatusCode {
        try await suite.refusal(Service.createForm, as: caller) { request in
          request.parent = "entities/b2c"
          request.formId = "mine"
          request.form = form
        }.code
      }
      #expect(try await create(.winBack()) == .permissionDenied)
      var plain = FormsV1.Form.winBack()
      plain.enrichment = []
      #expect(try await create(plain) == .ok)
    }
  }

  @Test("of another entity answer NOT_FOUND to every method, whichever link or number is known")
  func isolation() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      let participation = try await suite.push(["reason": .text("price"), "rating": .int(3)])
      let stranger = TestSuite.Caller.writer([TestSuite.b2b])
      #expect(try await suite.refusal(Service.getForm, as: stranger) { $0.name = TestSuite.form }.code == .notFound)
      #expect(try await suite.refusal(Service.closeForm, as: stranger) { $0.name = TestSuite.form }.code == .notFound)
      #expect(try await suite.refusal(Service.deleteForm, as: stranger) { $0.name = TestSuite.form }.code == .notFound)
      #expect(
        try await suite.refusal(Service.createParticipation, as: stranger) { $0.parent = TestSuite.form }.code
          == .notFound)
      #expect(
        try await suite.refusal(Service.getParticipation, as: stranger) { $0.name = participation.name }.code
          == .notFound)
      #expect(
        try await suite.refusal(Service.createPersonalLink, as: stranger) { request in
          request.parent = TestSuite.form
          request.profile = "\(TestSuite.customers)/profiles/1"
        }.code == .notFound)
      let list = try await suite.call(Service.listForms, as: stranger) { $0.parent = "entities/-" }
      #expect(list.forms.isEmpty)
      // PostgreSQL holds it too.
      #expect(try await suite.rooms.forms.find(number: 1, entity: 1) != nil)
      #expect(try await suite.rooms.forms.find(number: 1, entity: 2) == nil)
    }
  }

  @Test("are described, with their participations, to the services that act on them")
  func directory() async throws {
    try await TestSuite.with { suite async throws in
      try await suite.publish()
      let pushed = try await suite.push(["reason": .text("price"), "rating": .int(3)])
      let automation = TestSuite.Caller.service(.automation, [TestSuite.b2c])
      typealias Directory = InternalV1.FormDirectoryService
      let form = try await suite.call(Directory.describeForm, as: automation) { $0.name = TestSuite.form }
      #expect(form.form?.state == .published)
      let found = try await suite.call(Directory.readParticipation, as: automation) { $0.name = pushed.name }
      #expect(found.participation == pushed)
      let elsewhere = TestSuite.Caller.service(.automation, [TestSuite.b2b])
      #expect(
        try await suite.refusal(Directory.readParticipation, as: elsewhere) { $0.name = pushed.name }.code == .notFound)
    }
  }
}
