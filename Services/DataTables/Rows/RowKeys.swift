internal import RPC
internal import ServiceKit
internal import UserTables

/// Which row the last part of a name means.
enum RowKeys {
  /// - Throws: ``RPCError`` INVALID_ARGUMENT when the name addresses by something that is not unique, naming the field.
  static func key(
    _ match: ResourceMatch, in table: CustomTableDefinition, field path: String, reader: FieldReader
  ) throws(RPCError) -> RowStore.Key {
    guard case .key(let id, let text) = match["row"] else {
      guard let number = match["row"].number else { throw .notFound(match.name) }
      return .number(number)
    }
    guard let field = table.field(id), field.storage.isUnique else {
      throw .invalid(path, "“\(id)” is no unique column of the table. Name one that is.")
    }
    do throws(FieldProblem) {
      return .unique(field, try reader.read(cell: Array(text.utf8)[...], for: field.storage))
    } catch {
      throw .invalid(path, "The key: \(error.explanation)")
    }
  }
}
