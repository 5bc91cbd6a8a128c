import Messages
import ServiceTesting
import UserTables
import Values

extension TypeV1.Value {
  static func text(_ text: String) -> TypeV1.Value { TypeV1.Value(.stringValue(text)) }
  static func int(_ number: Int64) -> TypeV1.Value { TypeV1.Value(.int64Value(number)) }
  static func bool(_ flag: Bool) -> TypeV1.Value { TypeV1.Value(.boolValue(flag)) }

  static func texts(_ texts: [String]) -> TypeV1.Value {
    var list = TypeV1.ListValue()
    list.values = texts.map(Self.text)
    return TypeV1.Value(.listValue(list))
  }
  static func decimal(_ text: String) throws -> TypeV1.Value {
    TypeV1.Value(.decimalValue(try DecimalNumber(parsing: text).message))
  }
  static func date(_ text: String) throws -> TypeV1.Value {
    TypeV1.Value(.dateValue(try CalendarDate(parsing: text).message))
  }
  static func time(_ text: String) throws -> TypeV1.Value {
    TypeV1.Value(.timestampValue(try Timestamp(parsing: text).message))
  }
}

extension TargetingV1.Comparison {
  init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }

  static func equals(_ value: TypeV1.Value) -> Self { Self(.equals(value)) }
  static func isSet(_ isSet: Bool) -> Self { Self(.isSet(isSet)) }

  static func oneOf(_ values: [TypeV1.Value]) -> Self {
    var list = TargetingV1.OneOf()
    list.values = values
    return Self(.oneOf(list))
  }

  static func range(from lower: TypeV1.Value? = nil, to upper: TypeV1.Value? = nil) -> Self {
    var range = TargetingV1.Range()
    range.lower = lower.map { .from(.init($0)) }
    range.upper = upper.map { .to(.init($0)) }
    return Self(.range(range))
  }
}

extension TargetingV1.Bound {
  init(_ value: TypeV1.Value) {
    self.init()
    kind = .value(value)
  }
}

extension TargetingV1.Criterion {
  init(_ kind: Kind) {
    self.init()
    self.kind = kind
  }

  static func all(_ parts: [Self]) -> Self { Self(.all(.init(parts))) }
  static func any(_ parts: [Self]) -> Self { Self(.any(.init(parts))) }
  static func not(_ part: Self) -> Self { Self(.not(part)) }
  static func targeting(_ id: String) -> Self { Self(.targeting("entities/b2c/targetings/\(id)")) }

  static func field(_ field: String, _ comparison: TargetingV1.Comparison) -> Self {
    var criterion = TargetingV1.FieldCriterion()
    criterion.field = field
    criterion.comparison = comparison
    return Self(.field(criterion))
  }

  static func city(_ comparison: TargetingV1.Comparison) -> Self {
    var criterion = TargetingV1.ReferenceCriterion()
    (criterion.reference, criterion.column, criterion.comparison) = ("store", "city", comparison)
    return Self(.reference(criterion))
  }

  static func orders(_ aggregate: TargetingV1.Aggregate, _ comparison: TargetingV1.Comparison) -> Self {
    var criterion = TargetingV1.RowsCriterion()
    (criterion.table, criterion.aggregate, criterion.comparison) = (TablesDouble.orders, aggregate, comparison)
    if aggregate != .count { criterion.column = "number" }
    return Self(.rows(criterion))
  }
}

extension TargetingV1.Criteria {
  init(_ criteria: [TargetingV1.Criterion]) {
    self.init()
    self.criteria = criteria
  }
}

extension TargetingV1.Targeting {
  /// Of `customers`.
  init(_ criterion: TargetingV1.Criterion?, limit: TargetingV1.Limit? = nil) {
    self.init()
    profileTable = TestSuite.customers
    self.criterion = criterion
    self.limit = limit
  }
}

extension TargetingV1.Limit {
  init(_ size: Size, topBy: String = "", seed: Int64 = 0) {
    self.init()
    (self.size, self.topBy, self.seed) = (size, topBy, seed)
  }
}

extension ProfilesV1.ProfileTable {
  /// Customers with a field of each kind.
  static var customers: ProfilesV1.ProfileTable {
    var table = ProfilesV1.ProfileTable()
    let types: [(String, TypeV1.FieldType)] = [
      ("code", .string), ("age", .integer), ("balance", .decimal), ("joined", .timestamp), ("tags", .string),
    ]
    table.attributes = types.map { id, type in
      var attribute = ProfilesV1.Attribute()
      (attribute.id, attribute.type) = (id, type)
      (attribute.unique, attribute.multiValued) = (id == "code", id == "tags")
      return attribute
    }
    var subscription = ProfilesV1.Subscription()
    (subscription.id, subscription.channel) = ("newsletter", .email)
    table.subscriptions = [subscription]
    var tier = ProfilesV1.Segment()
    (tier.id, tier.choices) = ("tier", ["gold", "silver"])
    table.segments = [tier]
    var store = ProfilesV1.Reference()
    (store.id, store.repository) = ("store", TablesDouble.stores)
    table.references = [store]
    return table
  }
}

extension TestSuite {
  /// Makes the table `customers` with these profiles, numbered from 1.
  func customers(_ profiles: [[String: TypeV1.Value]], hasStores: Bool = true) async throws {
    try await call(ProfilesV1.ProfileService.createProfileTable) { request in
      request.parent = "entities/b2c"
      request.profileTableId = "customers"
      request.profileTable = .customers
      if !hasStores { request.profileTable?.references = [] }
    }
    for fields in profiles {
      try await call(ProfilesV1.ProfileService.createProfile) { request in
        request.parent = Self.customers
        request.profile = .init()
        request.profile?.fields = fields
      }
    }
  }

  func deleteCustomer(_ number: UInt32) async throws {
    try await call(ProfilesV1.ProfileService.deleteProfile) { $0.name = "\(Self.customers)/profiles/\(number)" }
  }

  @discardableResult
  func create(_ id: String, _ targeting: TargetingV1.Targeting) async throws -> TargetingV1.Targeting {
    try await call(TargetingV1.TargetingService.createTargeting) { request in
      (request.parent, request.targetingId, request.targeting) = ("entities/b2c", id, targeting)
    }
  }

  /// How the creation of a targeting is refused.
  func refusal(_ targeting: TargetingV1.Targeting) async throws -> Refusal {
    try await refusal(TargetingV1.TargetingService.createTargeting) { request in
      (request.parent, request.targetingId, request.targeting) = ("entities/b2c", "refused", targeting)
    }
  }

  func count(_ targeting: TargetingV1.Targeting) async throws -> TargetingV1.CountTargetingResponse {
    try await call(TargetingV1.TargetingService.countTargeting) { request in
      (request.parent, request.population) = ("entities/b2c", .targeting(targeting))
    }
  }

  func count(_ criterion: TargetingV1.Criterion) async throws -> Int64 {
    try await count(.init(criterion)).count
  }

  /// The numbers of the profiles of a saved targeting, page by page.
  func members(_ id: String, pageSize: Int32 = 1_000) async throws -> [UInt32] {
    var numbers: [UInt32] = []
    var token = ""
    repeat {
      let page = try await call(TargetingV1.TargetingService.listTargetedProfiles) { request in
        (request.parent, request.pageSize, request.pageToken) = ("entities/b2c/targetings/\(id)", pageSize, token)
      }
      numbers += page.profiles.compactMap { $0.split(separator: "/").last.flatMap { UInt32($0) } }
      token = page.nextPageToken
    } while !token.isEmpty
    return numbers
  }
}
