import ArgumentParser
import Messages

/// Targetings, for the commands that define them.
enum Targetings: DeletableResource {
  static let command = "targetings"
  static let noun = "targeting"
  static let example = "entities/b2c/targetings/lapsed-readers"

  static func create(
    _ definition: TargetingV1.Targeting, id: String, in entity: String, _ session: Session
  ) async throws -> TargetingV1.Targeting {
    var request = TargetingV1.CreateTargetingRequest()
    request.parent = entity
    request.targetingId = id
    request.targeting = definition
    return try await session.call(TargetingV1.TargetingService.createTargeting, request)
  }

  static func get(_ name: String, _ session: Session) async throws -> TargetingV1.Targeting {
    var request = TargetingV1.GetTargetingRequest()
    request.name = name
    return try await session.call(TargetingV1.TargetingService.getTargeting, request)
  }

  static func list(
    in entity: String, _ page: PageOptions, _ session: Session
  ) async throws -> TargetingV1.ListTargetingsResponse {
    var request = TargetingV1.ListTargetingsRequest()
    request.parent = entity
    return try await session.page(TargetingV1.TargetingService.listTargetings, request, page)
  }

  static func update(
    _ definition: TargetingV1.Targeting, named name: String, mask: GoogleProtobuf.FieldMask?, _ session: Session
  ) async throws -> TargetingV1.Targeting {
    var request = TargetingV1.UpdateTargetingRequest()
    var definition = definition
    definition.name = name
    request.targeting = definition
    request.updateMask = mask
    return try await session.call(TargetingV1.TargetingService.updateTargeting, request)
  }

  static func delete(_ name: String, _ session: Session) async throws {
    var request = TargetingV1.DeleteTargetingRequest()
    request.name = name
    _ = try await session.call(TargetingV1.TargetingService.deleteTargeting, request)
  }

  static func table(of definitions: [TargetingV1.Targeting]) -> TextTable {
    var table = TextTable("NAME", "DISPLAY NAME", "PROFILE TABLE", "UPDATED", empty: "There is no targeting.")
    table.rows = definitions.map { [$0.name, $0.displayName, $0.profileTable, Moment.text($0.updateTime)] }
    return table
  }

  static func text(of definition: TargetingV1.Targeting) -> String {
    var details = Details()
    details.add("Name", definition.name)
    details.add("Display name", definition.displayName)
    details.add("Profile table", definition.profileTable)
    details.add("Version", definition.version)
    details.add("Created", definition.createTime)
    details.add("Updated", definition.updateTime)
    let criteria = CriterionText.lines(of: definition.criterion).joined(separator: "\n")
    return details.text + "\n\n" + criteria
  }
}
