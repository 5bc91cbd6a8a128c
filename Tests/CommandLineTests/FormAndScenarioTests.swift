import Messages
import RPC
import Synchronization
import Testing

@testable import CommandLineTool

@Suite("rapport forms and scenarios")
struct FormAndScenarioTests {
  private static let form: FormsV1.Form = {
    var reason = FormsV1.Question()
    reason.id = "reasons"
    var choice = FormsV1.ChoiceQuestion()
    choice.multiple = true
    reason.kind = .choice(choice)
    var rating = FormsV1.Question()
    rating.id = "rating"
    rating.kind = .rating(FormsV1.RatingQuestion())
    var amount = FormsV1.Question()
    amount.id = "amount"
    amount.kind = .number(FormsV1.NumberQuestion())
    var page = FormsV1.Page()
    page.id = "first"
    page.questions = [reason, rating, amount]
    var form = FormsV1.Form()
    form.name = "entities/b2c/forms/win-back"
    form.pages = [page]
    return form
  }()

  @Test("answers take the kinds that the form's questions ask for")
  func push() async throws {
    let seen = Mutex<FormsV1.CreateParticipationRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(FormsV1.FormService.getForm) { _, _ in Self.form }
      $0.handle(FormsV1.FormService.createParticipation) { request, _ in
        seen.withLock { $0 = request }
        return request.participation ?? .init()
      }
    } _: { suite in
      let push = try await suite.rapport.run(
        "forms", "participations", "push", Self.form.name, "--profile", "p/1", "--request-id", "r", "--data",
        #"{"reasons":["price","other"],"rating":4,"amount":12.5}"#)
      #expect(push.status == 0)
      #expect(push.output.contains("reasons   price|other"))
      let request = try #require(seen.withLock { $0 })
      #expect(request.participation?.profile == "p/1")
      #expect(request.participation?.answers["rating"]?.kind == .int64Value(4))
      guard case .decimalValue(let amount)? = request.participation?.answers["amount"]?.kind else {
        Issue.record("The number is no decimal.")
        return
      }
      #expect((amount.low, amount.scale) == (125, 1))
    }
  }

  @Test("a link carries the answers of hidden questions, and is all that is printed")
  func link() async throws {
    try await SuiteFixture.run {
      $0.handle(FormsV1.FormService.createPersonalLink) { request, _ in
        var answer = FormsV1.CreatePersonalLinkResponse()
        answer.url = "http://x/\(request.profile)/\(request.hidden["source"] ?? "")"
        return answer
      }
    } _: { suite in
      let link = try await suite.rapport.run(
        "forms", "link", Self.form.name, "--profile", "p", "--hidden", "source=mail")
      #expect(link.output == "http://x/p/mail\n")
    }
  }

  @Test("a call begins an execution, with fields of the profile and values of the trigger")
  func call() async throws {
    let seen = Mutex<AutomationV1.StartExecutionRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(ProfilesV1.ProfileService.getProfileTable) { _, _ in
        var attribute = ProfilesV1.Attribute()
        attribute.id = "birthDate"
        attribute.type = .date
        var table = ProfilesV1.ProfileTable()
        table.attributes = [attribute]
        return table
      }
      $0.handle(AutomationV1.ScenarioService.startExecution) { request, _ in
        seen.withLock { $0 = request }
        var execution = AutomationV1.Execution()
        execution.name = "\(request.parent)/executions/1"
        execution.profile = request.profile
        return execution
      }
    } _: { suite in
      let call = try await suite.rapport.run(
        "scenarios", "call", "entities/b2c/scenarios/thank-you", "--profile",
        "entities/b2c/profileTables/customers/profiles/customerCode=9", "--data", #"{"birthDate":"1975-02-28"}"#,
        "--values", #"{"rating":5}"#, "--request-id", "r", "-o", "json")
      #expect(call.output.contains(#""name":"entities/b2c/scenarios/thank-you/executions/1""#))
      let request = try #require(seen.withLock { $0 })
      guard case .dateValue? = request.fields["birthDate"]?.kind else {
        Issue.record("The field is no date.")
        return
      }
      #expect(request.values["rating"]?.kind == .int64Value(5))
      #expect(request.requestId == "r")
    }
  }

  @Test("a scenario's steps are told a line each, with where they lead")
  func steps() {
    var wait = AutomationV1.Step()
    wait.id = "wait"
    wait.next = "choose"
    var duration = GoogleProtobuf.Duration()
    duration.seconds = 90
    var waiting = AutomationV1.WaitStep()
    waiting.duration = duration
    wait.kind = .wait(waiting)
    var comparison = TargetingV1.Comparison()
    comparison.kind = .isSet(true)
    var condition = AutomationV1.StepCondition()
    condition.subject = .triggerValue("rating")
    condition.comparison = comparison
    var branch = AutomationV1.BranchStep()
    branch.condition = condition
    branch.then = "wait"
    var choose = AutomationV1.Step()
    choose.id = "choose"
    choose.kind = .branch(branch)
    var date = AutomationV1.DateTrigger()
    (date.attribute, date.recurrence, date.offsetDays) = ("birthDate", .yearly, -3)
    var time = AutomationV1.TimeOfDay()
    (time.hour, time.minute) = (9, 30)
    date.timeOfDay = time
    var trigger = AutomationV1.Trigger()
    trigger.kind = .date(date)
    var scenario = AutomationV1.Scenario()
    scenario.trigger = trigger
    scenario.steps = [wait, choose]
    let text = Scenarios.text(of: scenario)
    #expect(text.contains("wait    wait 1 min 30 s           choose"))
    #expect(text.contains("choose  if trigger.rating is set  wait, else (end)"))
    #expect(text.contains("3 days before birthDate, each year at 09:30"))
  }
}
