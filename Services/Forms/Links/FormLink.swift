internal import Values

/// Where somebody answers a form.
enum FormLink: Sendable, Hashable {
  /// Anybody: participations are anonymous.
  case open(entity: Int64, form: Int64)
  /// One profile. Hidden questions are answered by whoever made the link.
  case personal(entity: Int64, form: Int64, profile: UInt32, hidden: [String: String])

  var entity: Int64 {
    switch self {
    case .open(let entity, _), .personal(let entity, _, _, _): entity
    }
  }

  var form: Int64 {
    switch self {
    case .open(_, let form), .personal(_, let form, _, _): form
    }
  }

  /// Whose link it is; nil: anybody's.
  var profile: UInt32? {
    if case .personal(_, _, let profile, _) = self { profile } else { nil }
  }

  /// Answers of hidden questions.
  var hidden: [String: String] {
    if case .personal(_, _, _, let hidden) = self { hidden } else { [:] }
  }
}
