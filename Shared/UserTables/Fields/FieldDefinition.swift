/// One typed field of a table that a user defined: an attribute of a profile table or a column of a custom table.
package struct FieldDefinition: Sendable, Hashable {
  /// The technical name, by which values are written and read.
  package var id: String
  /// The number within the table, never used again; it names the column in PostgreSQL.
  package var number: Int
  package var type: FieldType
  package var isRequired = false
  package var isUnique = false
  package var isIndexed = false
  /// Several values, in order.
  package var isMultiValued = false
  /// In Unicode scalars.
  package var minimumLength = 0
  /// In Unicode scalars; at most ``longestText``.
  package var maximumLength = longestText
  /// Empty: every value of the type is accepted.
  package var acceptedValues: [String] = []
  /// Only names of IANA time zones.
  package var isTimeZone = false

  /// The longest text of any field, in Unicode scalars.
  package static let longestText = 4_000
  /// The most values of one multi-valued field.
  package static let mostValues = 100
  /// The most fields of one table. A row of more short texts overflows a page of PostgreSQL.
  package static let mostFields = 400

  /// A field with the bounds that its type has by itself.
  package init(id: String, number: Int, type: FieldType) {
    self.id = id
    self.number = number
    self.type = type
  }

  /// The name of its column. Technical names stay out of PostgreSQL, so that none truncates, collides or shadows.
  package var column: String { "c\(number)" }

  /// The type of its column.
  package var sqlType: String { isMultiValued ? type.sqlType + "[]" : type.sqlType }
}
