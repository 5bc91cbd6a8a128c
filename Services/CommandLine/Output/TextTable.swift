/// A table for people: columns as wide as their widest cell, two spaces between them.
struct TextTable {
  /// Headers, in capitals.
  var columns: [String]
  /// Rows with as many cells as there are columns.
  var rows: [[String]] = []
  /// What stands in place of a table without rows.
  var empty = "None."

  /// A table without rows.
  init(_ columns: String..., empty: String = "None.") {
    self.init(columns, empty: empty)
  }

  /// A table without rows.
  init(_ columns: [String], empty: String = "None.") {
    self.columns = columns
    self.empty = empty
  }

  /// Lines without a newline at the end.
  var text: String {
    guard !rows.isEmpty else { return empty }
    return Self.aligned([columns] + rows)
  }

  /// Lines of which none is wider than `width`: columns that do not fit are left out, and the last one says so.
  func text(width: Int?) -> String {
    guard let width, !rows.isEmpty else { return text }
    var kept = columns.count
    while kept > 1 && self.width(ofFirst: kept) > width - (kept < columns.count ? 3 : 0) {
      kept -= 1
    }
    guard kept < columns.count else { return text }
    var table = TextTable(Array(columns.prefix(kept)) + ["…"])
    table.rows = rows.map { Array($0.prefix(kept)) + [""] }
    return table.text
  }

  private func width(ofFirst count: Int) -> Int {
    (0..<count).reduce(-2) { sum, index in
      sum + 2 + (rows.map { $0[index].printable.columns }.max() ?? 0).clamped(atLeast: columns[index].columns)
    }
  }

  /// Lines whose cells begin in the same columns.
  static func aligned(_ rows: [[String]]) -> String {
    let rows = rows.map { $0.map(\.printable) }
    var widths: [Int] = []
    for row in rows {
      for (index, cell) in row.enumerated() {
        if index == widths.count { widths.append(0) }
        widths[index] = max(widths[index], cell.columns)
      }
    }
    return rows.map { row in
      let cells = zip(row, widths).map { $0.padded(to: $1) }
      return cells.joined(separator: "  ").trimmingSpacesAtEnd
    }.joined(separator: "\n")
  }
}

extension Int {
  fileprivate func clamped(atLeast least: Int) -> Int { Swift.max(self, least) }
}

extension String {
  fileprivate var trimmingSpacesAtEnd: String {
    guard let last = lastIndex(where: { $0 != " " }) else { return "" }
    return String(self[...last])
  }
}
