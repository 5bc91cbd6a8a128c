internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// Answers the calls about forms.
struct FormHandlers: Sendable {
  let store: FormStore
  let profiles: ProfileDirectory
  let links: FormLinks
  let pages: PageTokens
  let time: any TimeSource

  func register(on router: inout Router) {
    router.handle(FormsV1.FormService.createForm) { try await create($0, $1) }
    router.handle(FormsV1.FormService.getForm) { try await get($0, $1) }
    router.handle(FormsV1.FormService.listForms) { try await list($0, $1) }
    router.handle(FormsV1.FormService.updateForm) { try await update($0, $1) }
    router.handle(FormsV1.FormService.deleteForm) { try await delete($0, $1) }
    router.handle(FormsV1.FormService.publishForm) { try await publish($0, $1) }
    router.handle(FormsV1.FormService.closeForm) { try await close($0, $1) }
    router.handle(FormsV1.FormService.createPersonalLink) { try await createPersonalLink($0, $1) }
  }

  // MARK: - Definitions

  private func create(_ request: FormsV1.CreateFormRequest, _ call: Call) async throws -> FormsV1.Form {
    let parent = try name(request.parent, as: FormsNames.entity, field: "parent")
    let entity = try call.access.require(.write, of: .forms, for: parent.name)
    if let problem = TechnicalName.problem(ofResource: request.formId) { throw RPCError.invalid("form_id", problem) }
    var form = request.form ?? .init()
    form.name = "\(parent)/forms/\(request.formId)"
    do {
      let table = try await check(form, entity: entity, call)
      guard
        let created = try await store.create(
          form, id: request.formId, entity: call.access.scope(of: entity), profileTable: table, at: time.now)
      else { throw RPCError.formExists(request.formId) }
      return try created.shown(links)
    } catch let fault as DefinitionFault { throw RPCError.invalid(fault) }
  }

  private func get(_ request: FormsV1.GetFormRequest, _ call: Call) async throws -> FormsV1.Form {
    let match = try name(request.name, as: FormsNames.form, field: "name")
    return try await store.require(match, right: .read, call: call).shown(links)
  }

  private func list(_ request: FormsV1.ListFormsRequest, _ call: Call) async throws -> FormsV1.ListFormsResponse {
    let parent = try name(request.parent, as: FormsNames.formParent, field: "parent")
    let page = try Page(
      of: .init(method: call.path, parent: request.parent), size: request.pageSize, token: request.pageToken,
      tokens: pages)
    let found = try await page.read(call.access.readable(parent.name, of: .forms), name: \.message.name) {
      try await store.list(entity: $0.id, after: $1, limit: $2)
    }
    var response = FormsV1.ListFormsResponse()
    response.forms = try found.resources.map { try $0.shown(links) }
    response.nextPageToken = found.nextPageToken
    return response
  }

  private func update(_ request: FormsV1.UpdateFormRequest, _ call: Call) async throws -> FormsV1.Form {
    let sent = request.form ?? .init()
    let match = try name(sent.name, as: FormsNames.form, field: "form.name")
    let entity = try call.access.require(.write, of: .forms, for: match.name)
    let mask = try FieldMask(request.updateMask, updatable: FormsV1.Form.updatable)
    for _ in 1...5 {
      let old = try await store.require(match, right: .write, call: call)
      let new = old.message.replacing(sent, mask)
      do {
        _ = try await check(new, entity: entity, call)
        try FormRules.checkChange(to: new, published: old.publishedQuestions)
      } catch let fault as DefinitionFault { throw RPCError.invalid(fault) }
      let scope = try call.access.scope(of: entity)
      if let updated = try await store.replace(old, with: new, entity: scope, at: time.now) {
        return try updated.shown(links)
      }
    }
    throw RPCError.formChangedMeanwhile
  }

  private func delete(_ request: FormsV1.DeleteFormRequest, _ call: Call) async throws -> GoogleProtobuf.Empty {
    let match = try name(request.name, as: FormsNames.form, field: "name")
    let entity = try call.access.require(.write, of: .forms, for: match.name)
    switch try await store.delete(match.id("form"), entity: entity) {
    case .deleted: return GoogleProtobuf.Empty()
    case .isPublished: throw RPCError.formIsPublished(request.name)
    case .notFound: throw RPCError.notFound(match.name)
    }
  }

  /// Checks a definition on its own and against its profile table.
  ///
  /// - Returns: the table's number.
  private func check(_ form: FormsV1.Form, entity: Int64, _ call: Call) async throws -> Int64 {
    try FormRules.check(form)
    let field = "form.profile_table"
    let match = try name(form.profileTable, as: FormsNames.profileTable, field: field)
    // Whoever makes a form that writes into profiles could otherwise write what its key may not.
    let right: OptionsV1.Right = form.enrichment.isEmpty ? .read : .write
    guard try call.access.require(right, of: .profiles, for: match.name) == entity else {
      throw RPCError.invalid(field, "It is of another entity. Name a profile table of the form's entity.")
    }
    let table = try await profiles.describe(
      form.profileTable, entity: call.access.scope(of: entity), deadline: call.deadline)
    try EnrichmentRules.check(form, table.profileTable ?? .init())
    return table.number
  }

  // MARK: - Opening and closing

  private func publish(_ request: FormsV1.PublishFormRequest, _ call: Call) async throws -> FormsV1.Form {
    try await set(.published, of: request.name, call) { form in
      if form.message.questions.allSatisfy(\.isHidden) { throw RPCError.formHasNoQuestions(request.name) }
    }
  }

  private func close(_ request: FormsV1.CloseFormRequest, _ call: Call) async throws -> FormsV1.Form {
    try await set(.closed, of: request.name, call) { _ in }
  }

  private func set(
    _ state: FormsV1.FormState, of text: String, _ call: Call, checking check: (FormDefinition) throws -> Void
  ) async throws -> FormsV1.Form {
    let match = try name(text, as: FormsNames.form, field: "name")
    for _ in 1...5 {
      let form = try await store.require(match, right: .write, call: call)
      if form.message.state == state { return try form.shown(links) }
      try check(form)
      if let changed = try await store.set(state, of: form, at: time.now) { return try changed.shown(links) }
    }
    throw RPCError.formChangedMeanwhile
  }

  // MARK: - Links

  private func createPersonalLink(
    _ request: FormsV1.CreatePersonalLinkRequest, _ call: Call
  ) async throws -> FormsV1.CreatePersonalLinkResponse {
    let match = try name(request.parent, as: FormsNames.form, field: "parent")
    let form = try await store.require(match, right: .write, call: call)
    let hidden = try HiddenAnswers.check(request.hidden, of: form.message)
    guard
      let profile = try await profiles.number(
        named: request.profile, of: form, field: "profile", deadline: call.deadline)
    else { throw RPCError.notFound(try ResourceName(request.profile), field: "profile") }
    var response = FormsV1.CreatePersonalLinkResponse()
    response.url = try links.url(
      of: .personal(entity: form.entity, form: form.number, profile: profile, hidden: hidden))
    return response
  }
}

/// The answers of hidden questions that a link carries.
enum HiddenAnswers {
  /// Together they make an address longer by a third more.
  private static let mostBytes = 2_000

  /// - Throws: ``RPCError`` INVALID_ARGUMENT, naming the question.
  static func check(_ sent: [String: String], of form: FormsV1.Form) throws(RPCError) -> [String: String] {
    for (id, text) in sent.sorted(by: { $0.key < $1.key }) {
      guard form.question(id)?.isHidden == true else {
        throw .invalid("hidden.\(id)", "The form has no hidden question of this name. Name one that it has.")
      }
      if text.utf8.contains(0) { throw .invalid("hidden.\(id)", AnswerProblem.notText.explanation) }
    }
    guard sent.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= mostBytes else {
      throw .invalid("hidden", "The answers have more than 2,000 bytes, too many for an address. Shorten them.")
    }
    return sent.filter { !$0.value.isEmpty }
  }
}

extension FormStore {
  /// The form that a name lies in, when the caller has a right there.
  func require(_ match: ResourceMatch, right: OptionsV1.Right, call: Call) async throws -> FormDefinition {
    let entity = try call.access.require(right, of: .forms, for: match.name)
    guard let form = try await find(match.id("form"), entity: entity) else { throw RPCError.notFound(match.name) }
    return form
  }
}

extension FormDefinition {
  /// As callers see it, with the address of its public page.
  func shown(_ links: FormLinks) throws -> FormsV1.Form {
    var form = message
    if form.publicLink && form.state == .published {
      form.publicUrl = try links.url(of: .open(entity: entity, form: number))
    }
    return form
  }
}

extension FormsV1.Form {
  fileprivate static let updatable: Set<String> = [
    "display_name", "default_language", "title", "pages", "ending", "policy", "enrichment", "open_time", "close_time",
    "max_participations", "public_link",
  ]

  /// The definition with what an update replaces.
  fileprivate func replacing(_ sent: FormsV1.Form, _ mask: FieldMask) -> FormsV1.Form {
    var new = self
    func take<Value>(_ path: String, _ field: WritableKeyPath<FormsV1.Form, Value>, isSet: Bool) {
      if mask.includes(path, isSet: isSet) { new[keyPath: field] = sent[keyPath: field] }
    }
    take("display_name", \.displayName, isSet: !sent.displayName.isEmpty)
    take("default_language", \.defaultLanguage, isSet: !sent.defaultLanguage.isEmpty)
    take("title", \.title, isSet: sent.title != nil)
    take("pages", \.pages, isSet: !sent.pages.isEmpty)
    take("ending", \.ending, isSet: sent.ending != nil)
    take("policy", \.policy, isSet: sent.policy != .unspecified)
    take("enrichment", \.enrichment, isSet: !sent.enrichment.isEmpty)
    take("open_time", \.openTime, isSet: sent.openTime != nil)
    take("close_time", \.closeTime, isSet: sent.closeTime != nil)
    take("max_participations", \.maxParticipations, isSet: sent.maxParticipations != 0)
    take("public_link", \.publicLink, isSet: sent.publicLink)
    return new
  }
}
