internal import Messages
internal import ServiceKit

/// What a participation writes into its profile.
struct Enrichment: Sendable {
  /// The entity, as calls of Profiles name it.
  let scope: Principal.Entity
  /// The form's name, for the log.
  let form: String
  let participation: Int64
  let edits: Int32
  let profileTable: Int64
  let profile: UInt32
  /// The same at every attempt, its id above all: Profiles does it once.
  let request: InternalV1.WriteProfileRequest

  /// - Returns: nil when nothing is to be written: it is anonymous, or no rule applies.
  init?(of sent: Submission, participation: Int64, edits: Int32) {
    guard let profile = sent.profile else { return nil }
    var fields: [String: TypeV1.Value] = [:]
    for rule in sent.form.message.enrichment where edits == 0 || rule.everyTime {
      if let answer = sent.answers[rule.question] { fields[rule.field] = answer }
    }
    if fields.isEmpty { return nil }
    var request = InternalV1.WriteProfileRequest()
    request.profile = ProfilesV1.Profile()
    request.profile?.name = "\(sent.form.message.profileTable)/profiles/\(profile)"
    request.profile?.fields = fields
    request.provenance = ProfilesV1.Provenance()
    request.provenance?.source = sent.form.message.name
    request.provenance?.way = "form"
    request.requestId = Self.requestID(participation, edits: edits, round: 0)
    self.scope = sent.form.scope
    self.form = sent.form.message.name
    self.participation = participation
    self.edits = edits
    self.profileTable = sent.form.profileTable
    self.profile = profile
    self.request = request
  }

  /// - Parameter round: how often fields that Profiles refused were taken out.
  static func requestID(_ participation: Int64, edits: Int32, round: Int64) -> String {
    "participations/\(participation)/\(edits)/\(round)"
  }
}
