import Messages

/// Imports, for people.
enum ImportText {
  /// One in full.
  static func summary(_ done: some ImportMessage) -> String {
    let progress = done.progress ?? TypeV1.ImportProgress()
    var details = Details()
    details.add("Import", done.name)
    details.add("State", EnumWord.text(progress.state))
    details.add("Why", progress.error)
    details.add("Key", done.settings?.key)
    details.add("Source", done.settings?.source)
    details.add("Bytes settled", progress.settledBytes)
    details.add("Lines settled", progress.settledLines)
    details.add("Created", progress.created)
    details.add("Updated", progress.updated)
    details.add("Refused", progress.refusedLines)
    details.add("Begun", progress.createTime)
    details.add("Last settled", progress.updateTime)
    return details.text
  }

  /// A line for each.
  static func table(of imports: [some ImportMessage]) -> String {
    var table = TextTable(
      "NAME", "STATE", "LINES", "CREATED", "UPDATED", "REFUSED", "BEGUN", empty: "Nothing was imported.")
    table.rows = imports.map { done in
      let progress = done.progress ?? TypeV1.ImportProgress()
      let counts = [progress.settledLines, progress.created, progress.updated, progress.refusedLines]
      return [done.name, EnumWord.text(progress.state)] + counts.map(Amounts.count) + [Moment.text(progress.createTime)]
    }
    return table.text
  }

  /// Refused lines, a line each.
  static func table(of lines: [TypeV1.RefusedLine]) -> String {
    var table = TextTable("LINE", "COLUMN", "REASON", empty: "No line was refused.")
    table.rows = lines.map { ["\($0.line)", $0.column, $0.reason] }
    return table.text
  }
}
