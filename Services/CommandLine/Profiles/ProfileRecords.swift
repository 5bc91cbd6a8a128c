import ArgumentParser
import Messages
import RPC

/// Profiles, for the commands that read and write records.
enum ProfileRecords: RecordKind {
  typealias Imports = ProfileImports

  static let command = "profiles"
  static let noun = "profile"
  static let collection = "profiles"
  static let valuesMember = "fields"
  static let exampleTable = ProfileTables.example
  static let exampleKey = "customerCode=00042"
  static let exampleKeyField = "customerCode"
  static let exampleData = #"{"firstName":"Zoë","birthDate":"1975-02-28","newsletter":true}"#

  /// Every profile of the table is listed.
  struct Filter: ParsableArguments {}

  /// Where a write of a profile comes from.
  struct Origin: ParsableArguments {
    @Option(help: "Where the data comes from, kept with the history of what it changes.")
    var source: String?

    @Option(help: ArgumentHelp("Makes a repeat of this command answer what the first did.", valueName: "id"))
    var requestID: String?

    fileprivate var provenance: ProfilesV1.Provenance? {
      source.map { source in
        var provenance = ProfilesV1.Provenance()
        provenance.source = source
        return provenance
      }
    }
  }

  static func shape(of table: String, _ session: Session) async throws -> TableShape {
    try await TableShape(ProfileTables.get(table, session))
  }

  static func record(_ values: [String: TypeV1.Value]) -> ProfilesV1.Profile {
    var profile = ProfilesV1.Profile()
    profile.fields = values
    return profile
  }

  static func values(of record: ProfilesV1.Profile) -> [String: TypeV1.Value] { record.fields }

  static func name(of record: ProfilesV1.Profile) -> String { record.name }

  static func details(of record: ProfilesV1.Profile) -> Details {
    var details = Details()
    details.add("Profile", record.name)
    details.add("Created", record.createTime)
    details.add("Updated", record.updateTime)
    for (field, time) in record.since.sorted(by: { $0.key < $1.key }) {
      details.add("Since, \(field)", time)
    }
    return details
  }
}

extension ProfileRecords {
  static func get(_ name: String, _ session: Session) async throws -> ProfilesV1.Profile {
    var request = ProfilesV1.GetProfileRequest()
    request.name = name
    return try await session.call(ProfilesV1.ProfileService.getProfile, request)
  }

  static func list(
    _ table: String, _ filter: Filter, _ page: PageOptions, _ session: Session
  ) async throws -> ProfilesV1.ListProfilesResponse {
    var request = ProfilesV1.ListProfilesRequest()
    request.parent = table
    return try await session.page(ProfilesV1.ProfileService.listProfiles, request, page)
  }

  static func create(
    _ record: ProfilesV1.Profile, in table: String, _ origin: Origin, _ session: Session
  ) async throws -> ProfilesV1.Profile {
    var request = ProfilesV1.CreateProfileRequest()
    request.parent = table
    request.profile = record
    request.provenance = origin.provenance
    request.requestId = origin.requestID ?? ""
    return try await session.call(ProfilesV1.ProfileService.createProfile, request)
  }

  static func upsert(
    _ record: ProfilesV1.Profile, named name: String, _ origin: Origin, _ session: Session
  ) async throws -> ProfilesV1.UpsertProfileResponse {
    var request = ProfilesV1.UpsertProfileRequest()
    var record = record
    record.name = name
    request.profile = record
    request.provenance = origin.provenance
    request.requestId = origin.requestID ?? ""
    return try await session.call(ProfilesV1.ProfileService.upsertProfile, request)
  }

  static func upserted(_ answer: ProfilesV1.UpsertProfileResponse) -> (record: ProfilesV1.Profile?, isNew: Bool) {
    (answer.profile, answer.created)
  }

  static func update(
    _ record: ProfilesV1.Profile, named name: String, mask: GoogleProtobuf.FieldMask?, _ origin: Origin,
    _ session: Session
  ) async throws -> ProfilesV1.Profile {
    var request = ProfilesV1.UpdateProfileRequest()
    var record = record
    record.name = name
    request.profile = record
    request.updateMask = mask
    request.provenance = origin.provenance
    request.requestId = origin.requestID ?? ""
    return try await session.call(ProfilesV1.ProfileService.updateProfile, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = ProfilesV1.DeleteProfileRequest()
    request.name = name
    _ = try await session.call(ProfilesV1.ProfileService.deleteProfile, request)
  }

  static func export(
    _ table: String, fields: [String], _ session: Session, _ receive: ([UInt8]) async throws -> Void
  ) async throws {
    var request = ProfilesV1.ExportProfilesRequest()
    request.parent = table
    request.fields = fields
    try await session.call(ProfilesV1.ProfileService.exportProfiles, request) { responses in
      for try await response in responses {
        try await receive(response.chunk)
      }
    }
  }

  static func imports(
    of table: String, _ page: PageOptions, _ session: Session
  ) async throws -> ProfilesV1.ListProfileImportsResponse {
    var request = ProfilesV1.ListProfileImportsRequest()
    request.parent = table
    return try await session.page(ProfilesV1.ProfileService.listProfileImports, request, page)
  }

  static func refusedLines(
    _ name: String, _ page: PageOptions, _ session: Session
  ) async throws -> ProfilesV1.ListRefusedLinesResponse {
    var request = ProfilesV1.ListRefusedLinesRequest()
    request.parent = name
    return try await session.page(ProfilesV1.ProfileService.listRefusedLines, request, page)
  }
}
