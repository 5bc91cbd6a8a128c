import Messages
import Testing
import UserTables
import Values

extension TypeV1.Value {
  static func text(_ text: String) -> TypeV1.Value { TypeV1.Value(.stringValue(text)) }
  static func int(_ number: Int64) -> TypeV1.Value { TypeV1.Value(.int64Value(number)) }
  static func bool(_ flag: Bool) -> TypeV1.Value { TypeV1.Value(.boolValue(flag)) }
  static var null: TypeV1.Value { TypeV1.Value(.nullValue(.init())) }

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

extension TablesV1.Column {
  init(
    _ id: String, _ type: TypeV1.FieldType, required: Bool = false, unique: Bool = false, indexed: Bool = false
  ) {
    self.init()
    self.id = id
    self.type = type
    self.required = required
    self.unique = unique
    self.indexed = indexed
  }
}

extension TablesV1.RowLink {
  init(_ id: String, to table: String, required: Bool = false, onDelete: TablesV1.OnDelete = .unspecified) {
    self.init()
    self.id = id
    self.table = table
    self.required = required
    self.onDelete = onDelete
  }
}

extension TablesV1.CustomTable {
  /// A repository of stores with the key `code`.
  static var stores: TablesV1.CustomTable {
    var table = TablesV1.CustomTable()
    table.type = .repository
    table.columns = [.init("code", .string, required: true, unique: true), .init("city", .string)]
    table.keyColumn = "code"
    return table
  }

  /// Interactions of `customers`, with the key `orderCode`.
  static func orders(
    of profileTable: String = TestSuite.customers, links: [TablesV1.RowLink] = []
  ) -> TablesV1.CustomTable {
    var table = TablesV1.CustomTable()
    table.type = .interactions
    table.profileTable = profileTable
    var link = TablesV1.ProfileLink()
    link.id = "customer"
    link.keyAttribute = "customerCode"
    table.profileLink = link
    table.columns = [
      .init("orderCode", .string, required: true, unique: true), .init("time", .timestamp, required: true),
      .init("quantity", .integer), .init("amount", .decimal), .init("day", .date), .init("note", .string),
    ]
    table.keyColumn = "orderCode"
    table.timeColumn = "time"
    table.links = links
    return table
  }

  /// Extensions of `customers`, addressed by number alone.
  static func cars(links: [TablesV1.RowLink] = []) -> TablesV1.CustomTable {
    var table = TablesV1.CustomTable()
    table.type = .linkedData
    table.profileTable = TestSuite.customers
    var link = TablesV1.ProfileLink()
    link.id = "owner"
    table.profileLink = link
    table.columns = [.init("plate", .string, unique: true), .init("brand", .string)]
    table.links = links
    return table
  }
}

/// A change of a definition that is refused, and the field at fault.
struct TableChange: Sendable, CustomTestStringConvertible {
  let field: String
  let change: @Sendable (inout TablesV1.CustomTable) -> Void
  let testDescription: String

  init(
    _ field: String, line: Int = #line, _ change: @escaping @Sendable (inout TablesV1.CustomTable) -> Void
  ) {
    self.field = field
    self.change = change
    self.testDescription = "\(field), line \(line)"
  }
}
