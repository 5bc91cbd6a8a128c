internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// What the other services say about what a scenario names.
struct ScenarioFacts: Sendable {
  /// The profile table, by its number in Profiles.
  var profileTable: Int64 = 0
  /// The custom table whose rows begin it, by its number in DataTables.
  var table: Int64?
  /// The form whose participations begin it, by id.
  var form: String?
  var subjects = ScenarioSubjects()
}

/// Looks up what a definition names: every table, form, campaign, field and column is there, and goes with the rest.
struct ScenarioReferences: Sendable {
  let neighbours: Neighbours

  /// - Parameters:
  ///   - scenario: checked by itself.
  ///   - entity: that it belongs to.
  /// - Throws: ``RPCError`` that names the field: NOT_FOUND for what is not there or not to be seen, INVALID_ARGUMENT for
  ///   what does not go together.
  func check(
    _ scenario: AutomationV1.Scenario, in entity: Principal.Entity, call: Call
  ) async throws -> ScenarioFacts {
    let lookup = Lookup(neighbours: neighbours, entity: entity, call: call)
    do {
      return try await check(scenario, lookup, zone: Zone(entity.timeZone) ?? .utc)
    } catch let fault as DefinitionFault { throw RPCError.invalid(fault) }
  }

  private func check(
    _ scenario: AutomationV1.Scenario, _ lookup: Lookup, zone: Zone
  ) async throws -> ScenarioFacts {
    let described = try await lookup.profileTable(scenario.profileTable)
    let fields = DescribedFields(described.profileTable ?? .init())
    var facts = ScenarioFacts(profileTable: described.number)
    try await check(scenario, lookup, &facts)
    for (index, step) in scenario.steps.enumerated() {
      let path = "steps[\(index)]"
      switch step.kind {
      case .branch(let branch):
        try check(branch.condition ?? .init(), of: scenario, fields, &facts.subjects, at: "\(path).branch.condition")
      case .send(let send):
        try check(await lookup.campaign(send.campaign, at: "\(path).send.campaign"), scenario, at: path)
      case .updateProfile(let update):
        try lookup.requireWriting(scenario.profileTable)
        try check(update, fields, zone, at: "\(path).update_profile.fields")
      case .wait, nil: break
      }
    }
    return facts
  }

  // MARK: - Triggers

  private func check(
    _ scenario: AutomationV1.Scenario, _ lookup: Lookup, _ facts: inout ScenarioFacts
  ) async throws {
    switch scenario.trigger?.kind {
    case .participation(let trigger):
      let path = "trigger.participation.form"
      let form = try await lookup.form(trigger.form, at: path)
      try requireSame(form.profileTable, scenario, at: path, "The form's participations are of")
      facts.form = try AutomationNames.form.match(trigger.form).id("form")
      for question in form.pages.flatMap(\.questions) {
        facts.subjects.add(ScenarioSubjects.trigger(question.id), question.answerType)
      }
    case .row(let trigger):
      let path = "trigger.row"
      let described = try await lookup.table(trigger.table, at: "\(path).table")
      let table = described.customTable ?? .init()
      try requireSame(table.profileTable, scenario, at: "\(path).table", "The table's rows are of")
      facts.table = described.number
      for column in table.columns {
        facts.subjects.add(ScenarioSubjects.trigger(column.id), FieldType(column.type))
      }
      for link in table.links { facts.subjects.add(ScenarioSubjects.trigger(link.id), nil) }
      // The profile link is read as the profile's number.
      if let link = table.profileLink { facts.subjects.add(ScenarioSubjects.trigger(link.id), .integer) }
      for (index, condition) in trigger.where.enumerated() {
        let path = "\(path).where[\(index)]"
        let subject = ScenarioSubjects.trigger(condition.column)
        guard facts.subjects.knows(subject) else {
          throw DefinitionFault(
            "\(path).column", "The table has no column “\(condition.column)”. Name one that it has.")
        }
        try ConditionRules.check(
          condition.comparison, on: facts.subjects.type(of: subject), at: "\(path).comparison")
      }
    case .call, nil: break
    }
  }

  private func requireSame(
    _ table: String, _ scenario: AutomationV1.Scenario, at path: String, _ what: String
  ) throws(DefinitionFault) {
    guard table == scenario.profileTable else {
      throw DefinitionFault(path, "\(what) another profile table than the scenario's. Name one of the same.")
    }
  }

  // MARK: - Steps

  private func check(
    _ condition: AutomationV1.StepCondition, of scenario: AutomationV1.Scenario, _ fields: DescribedFields,
    _ subjects: inout ScenarioSubjects, at path: String
  ) throws(DefinitionFault) {
    switch condition.subject {
    case .profileField(let id):
      guard let field = fields[id] else {
        throw DefinitionFault("\(path).profile_field", "The profile table has no field “\(id)”. Name one that it has.")
      }
      subjects.add(ScenarioSubjects.profile(id), field.type)
    case .triggerValue(let id):
      if let problem = TechnicalName.problem(ofField: id) { throw DefinitionFault("\(path).trigger_value", problem) }
      // A call brings what it likes.
      if case .call = scenario.trigger?.kind { break }
      guard subjects.knows(condition.subjectName) else {
        throw DefinitionFault("\(path).trigger_value", "The trigger has no value “\(id)”. Name one that it has.")
      }
    case nil: break
    }
    try ConditionRules.check(
      condition.comparison, on: subjects.type(of: condition.subjectName), at: "\(path).comparison")
  }

  private func check(
    _ campaign: MessagingV1.Campaign, _ scenario: AutomationV1.Scenario, at path: String
  ) throws(DefinitionFault) {
    let path = "\(path).send.campaign"
    guard campaign.kind == .ongoing || campaign.kind == .transactional else {
      throw DefinitionFault(path, "The campaign goes to a whole audience. Name an ONGOING or TRANSACTIONAL one.")
    }
    try requireSame(campaign.profileTable, scenario, at: path, "The campaign speaks to profiles of")
  }

  private func check(
    _ update: AutomationV1.UpdateProfileStep, _ fields: DescribedFields, _ zone: Zone, at path: String
  ) throws(DefinitionFault) {
    let reader = FieldReader(zone: zone)
    for (id, value) in update.fields.sorted(by: { $0.key < $1.key }) {
      guard let field = fields[id] else {
        throw DefinitionFault("\(path).\(id)", "The profile table has no field “\(id)”. Name one that it has.")
      }
      if field.isUnique, Comparand(value) != nil {
        throw DefinitionFault("\(path).\(id)", "No two profiles have the same value of it. Leave it out, or clear it.")
      }
      do throws(FieldProblem) { _ = try reader.read(value, for: field) } catch {
        throw DefinitionFault("\(path).\(id)", error.explanation)
      }
    }
  }
}

/// Asks the services about resources, each of the scenario's entity, and for the caller to see or use.
private struct Lookup {
  let neighbours: Neighbours
  let entity: Principal.Entity
  let call: Call

  func profileTable(_ text: String) async throws -> InternalV1.DescribeProfileTableResponse {
    let path = "scenario.profile_table"
    let match = try checked(text, as: AutomationNames.profileTable, of: .profiles, at: path)
    var request = InternalV1.DescribeProfileTableRequest()
    request.name = text
    return try await ask(
      neighbours.profiles, InternalV1.ProfileDirectoryService.describeProfileTable, request, about: match, at: path)
  }

  /// Who makes scenarios that write profiles may write profiles.
  func requireWriting(_ profileTable: String) throws {
    let match = try AutomationNames.profileTable.match(profileTable)
    _ = try call.access.require(.write, of: .profiles, for: match.name)
  }

  func table(_ text: String, at path: String) async throws -> InternalV1.DescribeCustomTableResponse {
    let path = "scenario.\(path)"
    let match = try checked(text, as: AutomationNames.customTable, of: .tables, at: path)
    guard let peer = neighbours.tables else { throw RPCError.absent(.dataTables, field: path) }
    var request = InternalV1.DescribeCustomTableRequest()
    request.name = text
    return try await ask(
      peer, InternalV1.TableDirectoryService.describeCustomTable, request, about: match, at: path)
  }

  func form(_ text: String, at path: String) async throws -> FormsV1.Form {
    let path = "scenario.\(path)"
    let match = try checked(text, as: AutomationNames.form, of: .forms, at: path)
    guard let peer = neighbours.forms else { throw RPCError.absent(.forms, field: path) }
    var request = InternalV1.DescribeFormRequest()
    request.name = text
    let answer = try await ask(peer, InternalV1.FormDirectoryService.describeForm, request, about: match, at: path)
    return answer.form ?? .init()
  }

  /// Who makes scenarios that send messages may send messages.
  func campaign(_ text: String, at path: String) async throws -> MessagingV1.Campaign {
    let path = "scenario.\(path)"
    let match = try checked(text, as: AutomationNames.campaign, .write, of: .messaging, at: path)
    guard let peer = neighbours.messaging else { throw RPCError.absent(.messaging, field: path) }
    var request = InternalV1.DescribeCampaignRequest()
    request.name = text
    let answer = try await ask(
      peer, InternalV1.MessageDirectoryService.describeCampaign, request, about: match, at: path)
    return answer.campaign ?? .init()
  }

  private func checked(
    _ text: String, as pattern: ResourcePattern, _ right: OptionsV1.Right = .read, of module: OptionsV1.Module,
    at path: String
  ) throws -> ResourceMatch {
    let match = try name(text, as: pattern, field: path)
    guard try call.access.entity(named: match.id("entity")) != nil else {
      throw RPCError.notFound(match.name, field: path)
    }
    guard match.id("entity") == entity.key else {
      throw RPCError.invalid(path, "It is of another entity. Name one of the scenario's.")
    }
    _ = try call.access.require(right, of: module, for: match.name)
    return match
  }

  private func ask<Request, Response>(
    _ peer: Peer, _ method: UnaryMethod<Request, Response>, _ request: Request, about match: ResourceMatch,
    at path: String
  ) async throws -> Response {
    do {
      return try await peer.call(method, request, entity: entity, deadline: call.deadline)
    } catch let error as RPCError where error.code == .notFound {
      // An activation names the scenario alone, so the place of what is missing is said here.
      throw RPCError.notFound(match.name, field: path)
    }
  }
}
