internal import Messages
internal import RPC
internal import ServiceKit
internal import UserTables
internal import Values

/// What another service recorded.
struct PeerSource: InteractionSource {
  let peer: Peer

  var name: String { peer.service.rawValue }

  func list(_ query: TimelineQuery, bound: [UInt8]?) async throws -> (items: [TimelineItem], bound: [UInt8]) {
    var request = InternalV1.ListProfileInteractionsRequest()
    request.profileTable = query.profileTable
    request.profileTableNumber = query.profileTableNumber
    request.profile = query.profile
    request.limit = Int32(query.limit)
    request.kinds = query.kinds
    request.startTime = query.start?.message
    request.endTime = query.end?.message
    request.after = query.after.map { place in
      var position = InternalV1.InteractionPosition()
      position.time = place.time
      position.source = place.source
      position.number = place.number
      return position
    }
    request.bound = bound ?? []
    let answer = try await peer.call(
      InternalV1.InteractionSourceService.listProfileInteractions, request, entity: query.entity,
      deadline: query.deadline)
    return (try answer.interactions.map(item), answer.bound)
  }

  private func item(_ sourced: InternalV1.SourcedInteraction) throws -> TimelineItem {
    let interaction = sourced.interaction ?? .init()
    let time = try Timestamp(interaction.time ?? .init())
    return TimelineItem(
      place: TimelinePlace(time: time.microsecondsSinceEpoch, source: sourced.source, number: sourced.number),
      interaction: interaction)
  }
}
