internal import Database
internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers the calls about participations.
struct ParticipationHandlers: Sendable {
  let forms: FormStore
  let store: ParticipationStore
  let writer: ParticipationWriter
  let profiles: ProfileDirectory
  let requests: RequestLedger
  let pages: PageTokens

  func register(on router: inout Router) {
    router.handle(FormsV1.FormService.createParticipation) { try await create($0, $1) }
    router.handle(FormsV1.FormService.getParticipation) { try await get($0, $1) }
    router.handle(FormsV1.FormService.listParticipations) { try await list($0, $1) }
  }

  // MARK: - Pushing

  private func create(
    _ request: FormsV1.CreateParticipationRequest, _ call: Call
  ) async throws -> FormsV1.Participation {
    let match = try name(request.parent, as: FormsNames.form, field: "parent")
    for _ in 1...5 {
      let form = try await forms.require(match, right: .write, call: call)
      let submission = try await submission(request.participation ?? .init(), to: form, call)
      var once = try Once(request, id: request.requestId, call: call, entity: form.entity)
      if let profile = submission.profile { once = once.about(profile, of: form.profileTable) }
      if let number = try await record(submission, once: once) {
        guard let written = try await store.find(number, of: form) else { throw RPCError.formChangedMeanwhile }
        return written.message(of: form)
      }
    }
    throw RPCError.formChangedMeanwhile
  }

  /// - Returns: the participation's number; nil when the form was changed meanwhile.
  private func record(
    _ submission: Submission, once: Once<FormsV1.CreateParticipationRequest>
  ) async throws -> Int64? {
    let form = submission.form
    do {
      let kept = try await writer.database.transaction(as: .entity(form.entity)) { transaction in
        try await requests.once(once.key, once.request, in: transaction) {
          var reply = InternalV1.ParticipationRecorded()
          let number = try await Self.number(of: writer.record(submission, in: transaction), submission)
          reply.participation = "\(form.message.name)/participations/\(number)"
          return reply
        }
      }
      writer.wakeUp.wakeAll()
      return try FormsNames.participation.match(kept.participation)["participation"].number
    } catch is Outdated {
      return nil
    }
  }

  /// The form's definition is not the one that the answers were checked against: nothing is recorded, nor remembered.
  private struct Outdated: Error {}

  private static func number(of outcome: ParticipationWriter.Outcome, _ submission: Submission) throws -> Int64 {
    let form = submission.form
    switch outcome {
    case .created(let number), .changed(let number), .repeated(let number): return number
    case .alreadyAnswered: throw RPCError.alreadyAnswered(form.message.name)
    case .notOpen: throw RPCError.formNotOpen(form.message.name)
    case .gone:
      let name = "\(form.message.profileTable)/profiles/\(submission.profile ?? 0)"
      throw RPCError.notFound(try ResourceName(name), field: "participation.profile")
    case .outdated: throw Outdated()
    }
  }

  private func submission(
    _ sent: FormsV1.Participation, to form: FormDefinition, _ call: Call
  ) async throws -> Submission {
    let answers = try Self.answers(sent.answers, of: form.message)
    var profile: UInt32?
    if !sent.profile.isEmpty {
      let field = "participation.profile"
      profile = try await profiles.number(named: sent.profile, of: form, field: field, deadline: call.deadline)
      if profile == nil { throw RPCError.notFound(try ResourceName(sent.profile), field: field) }
    }
    return Submission(form: form, profile: profile, answers: answers, source: .api, submission: nil)
  }

  /// The answers that count.
  ///
  /// - Throws: ``RPCError`` INVALID_ARGUMENT, naming every question at fault.
  private static func answers(_ sent: Answers, of form: FormsV1.Form) throws -> Answers {
    var read: Answers = [:]
    var problems: [FieldFault.Problem] = []
    for (id, value) in sent.sorted(by: { $0.key < $1.key }) {
      guard let question = form.question(id) else {
        problems.append(.init(path(id), "The form has no question of this name. Name one that it has."))
        continue
      }
      do throws(AnswerProblem) { read[id] = try AnswerReader.read(value, for: question) } catch {
        problems.append(.init(path(id), error.explanation))
      }
    }
    let shown = ShownForm(form, answers: read)
    let unreadable = Set(problems.map(\.field))
    for (id, problem) in shown.problems().sorted(by: { $0.key < $1.key }) where !unreadable.contains(path(id)) {
      problems.append(.init(path(id), problem.explanation))
    }
    if !problems.isEmpty { throw RPCError.invalid(FieldFault(problems)) }
    return shown.answers
  }

  private static func path(_ id: String) -> String { "participation.answers.\(id)" }

  // MARK: - Reading

  private func get(_ request: FormsV1.GetParticipationRequest, _ call: Call) async throws -> FormsV1.Participation {
    let match = try name(request.name, as: FormsNames.participation, field: "name")
    let form = try await forms.require(match, right: .read, call: call)
    guard let number = match["participation"].number, let found = try await store.find(number, of: form) else {
      throw RPCError.notFound(match.name)
    }
    return found.message(of: form)
  }

  private func list(
    _ request: FormsV1.ListParticipationsRequest, _ call: Call
  ) async throws -> FormsV1.ListParticipationsResponse {
    let match = try name(request.parent, as: FormsNames.form, field: "parent")
    let form = try await forms.require(match, right: .read, call: call)
    let page = try Page(
      of: .init(method: call.path, parent: request.parent, filter: request.profile), size: request.pageSize,
      token: request.pageToken, tokens: pages)
    var response = FormsV1.ListParticipationsResponse()
    var profile: UInt32?
    if !request.profile.isEmpty {
      profile = try await profiles.number(
        named: request.profile, of: form, field: "profile", deadline: call.deadline)
      if profile == nil { return response }
    }
    let found = try await store.list(of: form, profile: profile, before: page.number ?? .max, limit: page.size + 1)
    response.participations = found.prefix(page.size).map { $0.message(of: form) }
    if found.count > page.size { response.nextPageToken = try page.next(number: found[page.size - 1].number) }
    return response
  }
}

extension Once {
  /// The same, told to be about a profile: its erasure forgets the reply.
  fileprivate func about(_ profile: UInt32, of profileTable: Int64) -> Once {
    var about = self
    about.key.profile = profile
    about.key.profileTable = profileTable
    return about
  }
}
