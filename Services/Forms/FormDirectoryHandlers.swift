internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables

/// Answers what other services ask about forms and participations.
struct FormDirectoryHandlers: Sendable {
  let forms: FormStore
  let store: ParticipationStore
  let links: FormLinks

  func register(on router: inout Router) {
    router.handle(InternalV1.FormDirectoryService.describeForm) { try await describe($0, $1) }
    router.handle(InternalV1.FormDirectoryService.readParticipation) { try await read($0, $1) }
  }

  private func describe(
    _ request: InternalV1.DescribeFormRequest, _ call: Call
  ) async throws -> InternalV1.DescribeFormResponse {
    let match = try name(request.name, as: FormsNames.form, field: "name")
    var response = InternalV1.DescribeFormResponse()
    response.form = try await require(match, call).shown(links)
    return response
  }

  private func read(
    _ request: InternalV1.ReadParticipationRequest, _ call: Call
  ) async throws -> InternalV1.ReadParticipationResponse {
    let match = try name(request.name, as: FormsNames.participation, field: "name")
    let form = try await require(match, call)
    guard let number = match["participation"].number, let found = try await store.find(number, of: form) else {
      throw RPCError.notFound(match.name)
    }
    var response = InternalV1.ReadParticipationResponse()
    response.participation = found.message(of: form)
    return response
  }

  private func require(_ match: ResourceMatch, _ call: Call) async throws -> FormDefinition {
    guard let entity = try call.access.entity(named: match.id("entity")),
      let form = try await forms.find(match.id("form"), entity: entity)
    else { throw RPCError.notFound(match.name) }
    return form
  }
}
