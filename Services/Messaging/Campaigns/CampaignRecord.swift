internal import Messages
internal import ServiceKit
internal import Values

/// A campaign as the service works with it.
struct CampaignRecord: Sendable {
  /// Within the licence, never used again.
  let number: Int64
  /// Whose it is, as work that no caller stands behind must know it.
  let entity: Principal.Entity
  /// As callers see it.
  let message: MessagingV1.Campaign
  let senderNumber: Int64
  /// By its number in Profiles.
  let profileTableNumber: Int64
  /// Of a mass campaign that was launched: how many profiles it goes to.
  let audience: Int64

  /// The zone that its moments are shown in.
  var zone: Zone { Zone(entity.timeZone) ?? .utc }

  var isDraft: Bool { message.state == .draft }
}
