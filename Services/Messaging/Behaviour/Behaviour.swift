internal import Messages
internal import UserTables

/// Something that recipients do with messages, and the table that keeps it.
///
/// The timeline lists every one, and every one forgets profiles that are gone.
enum Behaviour: String, Sendable, CaseIterable {
  case clicks, opens, unsubscribes

  /// The name of its table, which a migration made by `MessagingMigrations.behaviour`.
  var table: String { rawValue }

  /// As what the timeline lists it.
  var kind: InteractionsV1.InteractionKind {
    switch self {
    case .clicks: .click
    case .opens: .open
    case .unsubscribes: .unsubscribe
    }
  }

  /// A text and a number of a row, `found`, for ``describe(_:campaign:text:number:)``.
  var detail: String {
    switch self {
    case .clicks: "found.url, 0"
    case .opens: "'', found.by_machine::int"
    case .unsubscribes: "'', 0"
    }
  }

  /// Writes what the timeline says of a row.
  func describe(_ interaction: inout InteractionsV1.Interaction, campaign: String, text: String, number: Int64) {
    switch self {
    case .clicks:
      interaction.summary = "Clicked in \(campaign)"
      interaction.values["url"] = TypeV1.Value(.stringValue(text))
    case .opens:
      interaction.summary = number == 1 ? "\(campaign) was opened by a machine" : "Opened \(campaign)"
      interaction.values["byMachine"] = TypeV1.Value(.boolValue(number == 1))
    case .unsubscribes:
      interaction.summary = "Unsubscribed by \(campaign)"
    }
  }

  /// What a row may tell of a profile that is gone, beside its number, and how it is emptied; each behind a comma.
  var forgetting: String {
    switch self {
    case .clicks: ", url = ''"
    case .opens, .unsubscribes: ""
    }
  }
}
