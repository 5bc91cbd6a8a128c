/// Writes records of a CSV file (RFC 4180) in UTF-8, lines ended by CRLF.
///
/// Cells stand as they are kept, so that a file imports as what was exported. A text may begin with `=`, `+`, `-` or `@`,
/// which a spreadsheet takes for a formula: whoever opens a file there imports its columns as text. An apostrophe before
/// such a text would be part of it for every other reader, and a phone number or a debit begins alike.
package struct CSVWriter: Sendable {
  /// What has been written since the last ``take()``.
  private var bytes: [UInt8] = []

  /// A writer of an empty file.
  package init() {}

  /// How many bytes wait to be taken.
  package var count: Int { bytes.count }

  /// Writes one record. A cell with a comma, a quote, a line break or a space at either end is quoted.
  package mutating func write(_ cells: some Collection<String>) {
    var isFirst = true
    for cell in cells {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      write(cell: cell)
    }
    bytes.append(contentsOf: "\r\n".utf8)
  }

  private mutating func write(cell: String) {
    let text = cell.utf8
    let isSpecial: (UInt8) -> Bool = { ",\"\r\n".utf8.contains($0) }
    guard text.contains(where: isSpecial) || text.first == 0x20 || text.last == 0x20 else {
      bytes.append(contentsOf: text)
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Takes what was written, to be sent.
  package mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }
}
