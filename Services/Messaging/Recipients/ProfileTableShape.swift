internal import Messages
internal import UserTables

/// What Messaging must know of a profile table.
struct ProfileTableShape: Sendable {
  /// Within the licence, never used again.
  let number: Int64
  let message: ProfilesV1.ProfileTable
  /// Attributes by what they mean to the suite.
  let emailAddress: String?
  let motherLanguage: String?
  let marketingConsent: String?
  /// The repository that each reference leads to.
  let repositories: [String: String]
  /// Every field by technical name.
  let fields: Set<String>

  init(_ answer: InternalV1.DescribeProfileTableResponse) {
    let table = answer.profileTable ?? .init()
    func attribute(_ meaning: ProfilesV1.AttributeMeaning) -> String? {
      table.attributes.first { $0.meaning == meaning }?.id
    }
    number = answer.number
    message = table
    emailAddress = attribute(.emailAddress)
    motherLanguage = attribute(.motherLanguage)
    marketingConsent = attribute(.marketingConsent)
    repositories = Dictionary(table.references.map { ($0.id, $0.repository) }, uniquingKeysWith: { first, _ in first })
    fields = Set(
      table.attributes.map(\.id) + table.subscriptions.map(\.id) + table.segments.map(\.id) + table.references.map(\.id)
    )
  }

  /// The type of an attribute's values; nil where there is none of the name.
  func type(of attribute: String) -> UserTables.FieldType? {
    message.attributes.first { $0.id == attribute }.flatMap { UserTables.FieldType($0.type) }
  }
}
