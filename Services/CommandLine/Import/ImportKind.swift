import Messages

/// What a command line needs of the imports of one kind of resource.
protocol ImportKind: Sendable {
  /// A message of the stream that carries the file.
  associatedtype Request: Message
  /// The import as the server describes it.
  associatedtype Import: ImportMessage

  /// The method that takes the file.
  static var method: ClientStreamingMethod<Request, Import> { get }
  /// The commands' first word.
  static var command: String { get }

  /// The first message of a new import.
  static func start(in table: String, _ settings: TypeV1.ImportSettings, requestID: String) -> Request
  /// The first message to an import that goes on.
  static func resume(_ name: String) -> Request
  /// Bytes of the file, at most 1 MiB.
  static func chunk(_ bytes: [UInt8]) -> Request
  /// Where an import stands.
  static func get(_ name: String, in session: Session) async throws -> Import
}

/// An import as the server describes it.
protocol ImportMessage: Message {
  var name: String { get }
  var settings: TypeV1.ImportSettings? { get }
  var progress: TypeV1.ImportProgress? { get }
}

extension ProfilesV1.ProfileImport: ImportMessage {}
extension TablesV1.RowImport: ImportMessage {}

/// Imports of profiles.
enum ProfileImports: ImportKind {
  static var method: ClientStreamingMethod<ProfilesV1.ImportProfilesRequest, ProfilesV1.ProfileImport> {
    ProfilesV1.ProfileService.importProfiles
  }

  static let command = "profiles"

  static func start(
    in table: String, _ settings: TypeV1.ImportSettings, requestID: String
  ) -> ProfilesV1.ImportProfilesRequest {
    var start = ProfilesV1.ImportProfilesStart()
    start.parent = table
    start.settings = settings
    start.requestId = requestID
    return request(.start(start))
  }

  static func resume(_ name: String) -> ProfilesV1.ImportProfilesRequest {
    var start = ProfilesV1.ImportProfilesStart()
    start.resume = name
    return request(.start(start))
  }

  static func chunk(_ bytes: [UInt8]) -> ProfilesV1.ImportProfilesRequest {
    request(.chunk(bytes))
  }

  private static func request(_ part: ProfilesV1.ImportProfilesRequest.Part) -> ProfilesV1.ImportProfilesRequest {
    var request = ProfilesV1.ImportProfilesRequest()
    request.part = part
    return request
  }

  static func get(_ name: String, in session: Session) async throws -> ProfilesV1.ProfileImport {
    var request = ProfilesV1.GetProfileImportRequest()
    request.name = name
    return try await session.call(ProfilesV1.ProfileService.getProfileImport, request)
  }
}

/// Imports of rows.
enum RowImports: ImportKind {
  static var method: ClientStreamingMethod<TablesV1.ImportRowsRequest, TablesV1.RowImport> {
    TablesV1.TableService.importRows
  }

  static let command = "rows"

  static func start(
    in table: String, _ settings: TypeV1.ImportSettings, requestID: String
  ) -> TablesV1.ImportRowsRequest {
    var start = TablesV1.ImportRowsStart()
    start.parent = table
    start.settings = settings
    start.requestId = requestID
    return request(.start(start))
  }

  static func resume(_ name: String) -> TablesV1.ImportRowsRequest {
    var start = TablesV1.ImportRowsStart()
    start.resume = name
    return request(.start(start))
  }

  static func chunk(_ bytes: [UInt8]) -> TablesV1.ImportRowsRequest {
    request(.chunk(bytes))
  }

  private static func request(_ part: TablesV1.ImportRowsRequest.Part) -> TablesV1.ImportRowsRequest {
    var request = TablesV1.ImportRowsRequest()
    request.part = part
    return request
  }

  static func get(_ name: String, in session: Session) async throws -> TablesV1.RowImport {
    var request = TablesV1.GetRowImportRequest()
    request.name = name
    return try await session.call(TablesV1.TableService.getRowImport, request)
  }
}
