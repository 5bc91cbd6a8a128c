package import Database

/// One line of a file, read and checked, to be written.
package struct ImportLine: Sendable, Hashable {
  /// The physical line of the file that it begins on, from 1.
  package let number: Int64
  /// One value for each column of the plan, in its order; null where the cell is empty.
  package var values: [SQLValue]

  /// A line to be written.
  package init(number: Int64, values: [SQLValue]) {
    self.number = number
    self.values = values
  }
}

/// A line that is not written, and why.
package struct ImportRefusal: Error, Sendable, Hashable {
  /// The physical line of the file that it begins on, from 1.
  package let line: Int64
  /// The column at fault, as the file's header names it; empty: the whole line.
  package let column: String
  /// What is wrong and what to do, without the value.
  package let reason: String

  /// A refusal.
  package init(line: Int64, column: String, reason: String) {
    self.line = line
    self.column = column
    self.reason = reason
  }
}

/// A line with a unique value that another entry has.
package struct ClashingLine: Sendable {
  package let line: ImportLine
  /// Where the value stands, as the file's header names it.
  package let column: String

  /// A line and the column at fault.
  package init(_ line: ImportLine, column: String) {
    self.line = line
    self.column = column
  }
}

/// What became of the lines of a batch.
package struct ImportOutcome: Sendable {
  /// How many were created.
  package var created = 0
  /// How many were updated.
  package var updated = 0
  /// Those that are not written.
  package var refused: [ImportRefusal] = []
  /// Those that clash with what another line of the batch may just have changed: to be tried once more, each by itself.
  package var again: [ClashingLine] = []

  /// Nothing yet.
  package init() {}

  /// Adds what became of other lines.
  package mutating func add(_ other: ImportOutcome) {
    created += other.created
    updated += other.updated
    refused += other.refused
    again += other.again
  }
}
