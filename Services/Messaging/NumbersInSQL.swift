internal import Messages

// Tables hold states and reasons by the numbers that the API gives them. SQL names them:
// `state IN (\(message: .sent, .unknown))`.
extension DefaultStringInterpolation {
  /// States of rows of `messages`.
  mutating func appendInterpolation(message states: MessagingV1.MessageState...) {
    appendLiteral(states.map { String($0.rawValue) }.joined(separator: ", "))
  }

  /// States of rows of `campaigns`.
  mutating func appendInterpolation(campaign states: MessagingV1.CampaignState...) {
    appendLiteral(states.map { String($0.rawValue) }.joined(separator: ", "))
  }

  /// The kind of a row of `campaigns`.
  mutating func appendInterpolation(kind: MessagingV1.CampaignKind) {
    appendInterpolation(kind.rawValue)
  }

  /// Why a row of `messages` was not sent.
  mutating func appendInterpolation(reason: MessagingV1.NotSentReason) {
    appendInterpolation(reason.rawValue)
  }
}
