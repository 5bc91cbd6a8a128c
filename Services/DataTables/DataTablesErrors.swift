internal import RPC
internal import ServiceKit
internal import UserTables

// What DataTables answers when it refuses: code, what to do, and a reason that never changes.
extension RPCError {
  static func tableExists(_ id: String) -> RPCError {
    idTaken(id, by: "custom table", field: "custom_table_id", reason: "CUSTOM_TABLE_EXISTS")
  }

  static func tableHasRows(_ name: String) -> RPCError {
    RPCError(
      .failedPrecondition, "The custom table has rows. Delete them first, or set `force`.",
      reason: "CUSTOM_TABLE_NOT_EMPTY", resource: name)
  }

  static func tableIsLinkedTo(_ name: String, by others: [String]) -> RPCError {
    RPCError(
      .failedPrecondition, "Rows of \(others.joined(separator: ", ")) link to this table. Delete those tables first.",
      reason: "CUSTOM_TABLE_LINKED_TO", resource: name)
  }

  static func invalid(_ fault: DefinitionFault) -> RPCError {
    invalid("custom_table.\(fault.field)", fault.explanation)
  }

  static func valueTaken(_ field: String) -> RPCError {
    RPCError(
      .alreadyExists, "Another row has this value of the unique column “\(field)”. Send another, or change that row.",
      reason: "VALUE_TAKEN",
      fieldViolations: [FieldViolation(field: "row.values.\(field)", description: "The value is taken.")])
  }

  static func rowIsLinkedTo(_ name: String, by table: String, _ link: String) -> RPCError {
    RPCError(
      .failedPrecondition,
      "Rows of \(table) link to this row by “\(link)”. Delete those rows first, or change their link.",
      reason: "ROW_LINKED_TO", resource: name)
  }

  static let deletedMeanwhile = RPCError(
    .aborted, "The row was deleted meanwhile. Send the call again.", reason: "ROW_DELETED_MEANWHILE")
}
