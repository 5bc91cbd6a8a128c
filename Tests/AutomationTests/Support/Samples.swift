import Messages
import ServiceTesting
import UserTables
import Values

extension TypeV1.Value {
  static func text(_ text: String) -> TypeV1.Value { TypeV1.Value(.stringValue(text)) }
  static func int(_ number: Int64) -> TypeV1.Value { TypeV1.Value(.int64Value(number)) }
  static func bool(_ flag: Bool) -> TypeV1.Value { TypeV1.Value(.boolValue(flag)) }
  static var null: TypeV1.Value { TypeV1.Value(.nullValue(.init())) }

  static func decimal(_ text: String) throws -> TypeV1.Value {
    TypeV1.Value(.decimalValue(try DecimalNumber(parsing: text).message))
  }
  static func date(_ text: String) throws -> TypeV1.Value {
    TypeV1.Value(.dateValue(try CalendarDate(parsing: text).message))
  }
  static func time(_ text: String) throws -> TypeV1.Value {
    TypeV1.Value(.timestampValue(try Timestamp(parsing: text).message))
  }
  static func list(_ values: TypeV1.Value...) -> TypeV1.Value {
    var list = TypeV1.ListValue()
    list.values = values
    return TypeV1.Value(.listValue(list))
  }
}

extension TargetingV1.Comparison {
  init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }

  static func equals(_ value: TypeV1.Value) -> TargetingV1.Comparison { .init(.equals(value)) }

  static func range(_ fill: (inout TargetingV1.Range) -> Void) -> TargetingV1.Comparison {
    var range = TargetingV1.Range()
    fill(&range)
    return .init(.range(range))
  }

  static func from(_ value: TypeV1.Value) -> TargetingV1.Comparison { range { $0.lower = .from(.value(value)) } }
  static func after(_ value: TypeV1.Value) -> TargetingV1.Comparison { range { $0.lower = .after(.value(value)) } }
  static func to(_ value: TypeV1.Value) -> TargetingV1.Comparison { range { $0.upper = .to(.value(value)) } }
  static func before(_ value: TypeV1.Value) -> TargetingV1.Comparison { range { $0.upper = .before(.value(value)) } }
}

extension TargetingV1.Bound {
  static func value(_ value: TypeV1.Value) -> TargetingV1.Bound {
    var bound = TargetingV1.Bound()
    bound.kind = .value(value)
    return bound
  }

  static func nowPlus(_ seconds: Int64) -> TargetingV1.Bound {
    var bound = TargetingV1.Bound()
    bound.kind = .nowPlus(.init(seconds: seconds))
    return bound
  }
}

extension GoogleProtobuf.Duration {
  init(seconds: Int64) {
    self.init()
    self.seconds = seconds
  }
}

extension AutomationV1.Step {
  private init(_ id: String, _ next: String, _ kind: Kind) {
    self.init()
    self.id = id
    self.next = next
    self.kind = kind
  }

  static func wait(_ id: String, seconds: Int64, next: String = "") -> AutomationV1.Step {
    var wait = AutomationV1.WaitStep()
    wait.duration = .init(seconds: seconds)
    return .init(id, next, .wait(wait))
  }

  static func send(
    _ id: String, _ campaign: String = "entities/b2c/campaigns/thank-you", next: String = ""
  ) -> AutomationV1.Step {
    var send = AutomationV1.SendStep()
    send.campaign = campaign
    return .init(id, next, .send(send))
  }

  static func update(
    _ id: String, _ fields: [String: TypeV1.Value] = ["vip": .bool(true)], next: String = ""
  ) -> AutomationV1.Step {
    var update = AutomationV1.UpdateProfileStep()
    update.fields = fields
    return .init(id, next, .updateProfile(update))
  }

  static func branch(
    _ id: String, on subject: AutomationV1.StepCondition.Subject, _ comparison: TargetingV1.Comparison,
    then: String = "", otherwise: String = ""
  ) -> AutomationV1.Step {
    var branch = AutomationV1.BranchStep()
    var condition = AutomationV1.StepCondition()
    condition.subject = subject
    condition.comparison = comparison
    branch.condition = condition
    branch.then = then
    branch.otherwise = otherwise
    return .init(id, "", .branch(branch))
  }
}

extension AutomationV1.Trigger {
  private init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }

  static var byCall: AutomationV1.Trigger { .init(.call(.init())) }

  static func participation(in form: String = "entities/b2c/forms/win-back") -> AutomationV1.Trigger {
    var trigger = AutomationV1.ParticipationTrigger()
    trigger.form = form
    return .init(.participation(trigger))
  }

  /// Each birthday at 9, unless told otherwise.
  static func date(
    _ attribute: String = "birthDate", _ recurrence: AutomationV1.DateRecurrence = .yearly, offset: Int32 = 0,
    at hour: Int32 = 9, _ minute: Int32 = 0, leapDay: AutomationV1.LeapDay = .unspecified
  ) -> AutomationV1.Trigger {
    var trigger = AutomationV1.DateTrigger()
    (trigger.attribute, trigger.recurrence, trigger.offsetDays) = (attribute, recurrence, offset)
    var time = AutomationV1.TimeOfDay()
    (time.hour, time.minute) = (hour, minute)
    (trigger.timeOfDay, trigger.leapDay) = (time, leapDay)
    return .init(.date(trigger))
  }

  static func row(
    of table: String = "entities/b2c/customTables/orders", onUpdate: Bool = false, bulk: Bool = false,
    where conditions: [(String, TargetingV1.Comparison)] = []
  ) -> AutomationV1.Trigger {
    var trigger = AutomationV1.RowTrigger()
    trigger.table = table
    trigger.onUpdate = onUpdate
    trigger.bulk = bulk
    trigger.where = conditions.map { column, comparison in
      var condition = TargetingV1.ColumnCondition()
      condition.column = column
      condition.comparison = comparison
      return condition
    }
    return .init(.row(trigger))
  }
}

extension AutomationV1.Scenario {
  /// A scenario of `customers` that a call begins and that sets `vip`, unless told otherwise.
  static func sample(
    _ trigger: AutomationV1.Trigger = .byCall, reentry: AutomationV1.Reentry = .always,
    steps: [AutomationV1.Step] = [.update("set")]
  ) -> AutomationV1.Scenario {
    var scenario = AutomationV1.Scenario()
    scenario.profileTable = TestSuite.customers
    scenario.trigger = trigger
    scenario.reentry = reentry
    scenario.steps = steps
    return scenario
  }
}

extension NeighboursDouble {
  /// The story's tables, form and campaigns, in `b2c`.
  func addStory(profiles count: UInt32 = 20) {
    var code = ProfilesV1.Attribute()
    (code.id, code.type, code.unique) = ("customerCode", .string, true)
    var first = ProfilesV1.Attribute()
    (first.id, first.type) = ("firstName", .string)
    var email = ProfilesV1.Attribute()
    (email.id, email.type, email.meaning) = ("emailAddress", .email, .emailAddress)
    var birth = ProfilesV1.Attribute()
    (birth.id, birth.type) = ("birthDate", .date)
    var renewal = ProfilesV1.Attribute()
    (renewal.id, renewal.type) = ("renewal", .timestamp)
    var zone = ProfilesV1.Attribute()
    (zone.id, zone.type, zone.meaning) = ("zone", .string, .timeZone)
    var newsletter = ProfilesV1.Subscription()
    (newsletter.id, newsletter.channel) = ("newsletter", .email)
    var vip = ProfilesV1.Segment()
    vip.id = "vip"
    var tier = ProfilesV1.Segment()
    (tier.id, tier.choices, tier.mandatory, tier.defaultChoice) = ("tier", ["gold", "silver"], true, "silver")
    var table = ProfilesV1.ProfileTable()
    table.name = TestSuite.customers
    table.attributes = [code, first, email, birth, renewal, zone]
    table.subscriptions = [newsletter]
    table.segments = [vip, tier]
    var foreign = table
    foreign.name = TestSuite.companies

    var orders = TablesV1.CustomTable()
    orders.name = "entities/b2c/customTables/orders"
    orders.profileTable = TestSuite.customers
    var link = TablesV1.ProfileLink()
    (link.id, link.keyAttribute) = ("customer", "customerCode")
    orders.profileLink = link
    orders.columns = [("orderCode", .string), ("amount", .decimal), ("time", .timestamp)].map { id, type in
      var column = TablesV1.Column()
      (column.id, column.type) = (id, type)
      return column
    }
    var store = TablesV1.RowLink()
    (store.id, store.table) = ("store", "entities/b2c/customTables/stores")
    orders.links = [store]

    var rating = FormsV1.Question()
    (rating.id, rating.kind) = ("rating", .rating(.init()))
    var why = FormsV1.Question()
    (why.id, why.kind) = ("why", .text(.init()))
    var page = FormsV1.Page()
    page.questions = [rating, why]
    var form = FormsV1.Form()
    (form.name, form.profileTable, form.pages) = ("entities/b2c/forms/win-back", TestSuite.customers, [page])

    var thanks = MessagingV1.Campaign()
    (thanks.name, thanks.kind, thanks.profileTable) =
      ("entities/b2c/campaigns/thank-you", .ongoing, TestSuite.customers)
    var mass = thanks
    (mass.name, mass.kind) = ("entities/b2c/campaigns/mass", .mass)
    let (shape, other, ordersTable, winBack, campaigns) = (table, foreign, orders, form, [thanks, mass])
    with { state in
      state.tables = [TestSuite.customers: (7, shape), TestSuite.companies: (8, other)]
      state.profiles[TestSuite.customers] = Dictionary(
        uniqueKeysWithValues: (1...count).map { ($0, ["customerCode": .text("\($0)")]) })
      state.profiles[TestSuite.companies] = [1: [:]]
      state.customTables[ordersTable.name] = (31, ordersTable)
      state.forms[winBack.name] = winBack
      for campaign in campaigns { state.campaigns[campaign.name] = campaign }
    }
  }

  func addOrder(_ number: Int64, of profile: UInt32, amount: String) throws {
    var row = TablesV1.Row()
    row.name = "entities/b2c/customTables/orders/rows/\(number)"
    row.profile = "\(TestSuite.customers)/profiles/\(profile)"
    row.values = [
      "orderCode": .text("\(number)"), "amount": try .decimal(amount), "customer": .int(Int64(profile)),
      "store": .text("S01"),
    ]
    let made = row
    with { $0.rows["entities/b2c/customTables/orders", default: [:]][number] = made }
  }

  /// - Returns: its name.
  func addParticipation(_ number: Int64, of profile: UInt32, rating: Int64) -> String {
    var participation = FormsV1.Participation()
    participation.name = "entities/b2c/forms/win-back/participations/\(number)"
    participation.profile = "\(TestSuite.customers)/profiles/\(profile)"
    participation.answers = ["rating": .int(rating)]
    let made = participation
    with { $0.participations[made.name] = made }
    return made.name
  }
}
