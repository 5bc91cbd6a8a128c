import Database

extension AccessChange {
  private static let countEntities = Statement(
    name: "access.count_entities",
    sql: """
      select count(*)
      from entities
      """)

  /// How many entities there are.
  func entityCount() async throws -> Int64 {
    try await transaction.execute(Self.countEntities).first?.int(0) ?? 0
  }

  private static let selectEntity = Statement(
    name: "access.entity",
    sql: """
      select number, id, display_name, time_zone, create_time, update_time
      from entities
      where id = $1
      """)

  /// The entity of an id, if there is one.
  func entity(id: String) async throws -> EntityRecord? {
    try await transaction.execute(Self.selectEntity, [.text(id)]).first.map { try EntityRecord(row: $0) }
  }

  private static let insertEntity = Statement(
    name: "access.create_entity",
    sql: """
      insert into entities (id, display_name, time_zone, create_time, update_time)
      values ($1, $2, $3, $4, $4)
      returning number, id, display_name, time_zone, create_time, update_time
      """)

  /// Makes an entity whose id is free.
  func createEntity(id: String, displayName: String, timeZone: String) async throws -> EntityRecord {
    let rows = try await transaction.execute(
      Self.insertEntity, [.text(id), .text(displayName), .text(timeZone), .timestamp(origin.time)])
    guard let row = rows.first else { throw AccessStoreError.notMigrated }
    return try EntityRecord(row: row)
  }

  private static let updateEntity = Statement(
    name: "access.update_entity",
    sql: """
      update entities
      set display_name = $2,
        time_zone = $3,
        update_time = $4
      where number = $1
      """)

  /// Keeps an entity's display name and time zone; its time of change becomes the change's.
  func update(_ entity: EntityRecord) async throws {
    try await transaction.execute(
      Self.updateEntity,
      [.int(entity.number), .text(entity.displayName), .text(entity.timeZone), .timestamp(entity.updateTime)])
  }
}
