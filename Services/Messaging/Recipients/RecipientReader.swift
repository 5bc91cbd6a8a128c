internal import Messages
internal import RPC
internal import ServiceKit
internal import Templates
internal import UserTables

/// Reads what messages need of profiles, many at a time: the profiles, the rows that they refer to, their latest rows.
struct RecipientReader: Sendable {
  let profiles: ProfileDirectory
  let rows: RowDirectory

  /// The profiles of these numbers that exist.
  ///
  /// - Parameter ids: at most 1,000.
  /// - Complexity: a call for the profiles, one for each repository, one for each custom table that is named.
  func read(
    _ ids: [UInt32], of table: ProfileTableShape, needs: ContentNeeds, entity: Principal.Entity,
    deadline: Deadline? = nil
  ) async throws -> [UInt32: Recipient] {
    let ids = Array(Set(ids)).sorted()
    let found = try await profiles.read(ids, in: table.message.name, entity: entity, deadline: deadline)
    let living = found.keys.sorted()
    if living.isEmpty { return [:] }
    let references = try await references(of: found, table, needs, entity, deadline)
    let latest = try await latest(of: living, needs, entity, deadline)
    return Dictionary(
      uniqueKeysWithValues: living.map { id in
        let profile = found[id] ?? .init()
        return (
          id,
          Recipient(
            id: id, profile, table: table, references: Self.rows(referredToBy: profile, references),
            rows: latest.mapValues { .list($0[id]?.map { TemplateValue($0.values) } ?? []) })
        )
      })
  }

  /// For each reference that is named, rows by key.
  private func references(
    of found: [UInt32: ProfilesV1.Profile], _ table: ProfileTableShape, _ needs: ContentNeeds,
    _ entity: Principal.Entity, _ deadline: Deadline?
  ) async throws -> [String: [String: TablesV1.Row]] {
    var rowsByReference: [String: [String: TablesV1.Row]] = [:]
    for reference in needs.references {
      guard let repository = table.repositories[reference] else { continue }
      let keys = try Set(found.values.map { try FieldWriter.text(of: $0.fields[reference]) }.filter { !$0.isEmpty })
      rowsByReference[reference] = try await rows.find(keys, in: repository, entity: entity, deadline: deadline)
    }
    return rowsByReference
  }

  private func latest(
    of profiles: [UInt32], _ needs: ContentNeeds, _ entity: Principal.Entity, _ deadline: Deadline?
  ) async throws -> [String: [UInt32: [TablesV1.Row]]] {
    var latest: [String: [UInt32: [TablesV1.Row]]] = [:]
    for (table, limit) in needs.tables {
      latest[table] = try await rows.latest(
        profiles, in: "entities/\(entity.key)/customTables/\(table)", limit: limit, entity: entity, deadline: deadline)
    }
    return latest
  }

  private static func rows(
    referredToBy profile: ProfilesV1.Profile, _ references: [String: [String: TablesV1.Row]]
  ) -> [String: TemplateValue] {
    Dictionary(
      uniqueKeysWithValues: references.map { reference, rows in
        let key = (try? FieldWriter.text(of: profile.fields[reference])) ?? ""
        return (reference, rows[key].map { TemplateValue($0.values) } ?? .missing)
      })
  }
}
