/// Sets JSON text in lines for people; the tokens stay as they are, so that no number changes.
enum IndentedJSON {
  /// - Parameter json: valid JSON.
  static func text(of json: [UInt8]) -> String {
    var writer = Writer()
    for byte in json {
      writer.take(byte)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private struct Writer {
    private(set) var bytes: [UInt8] = []
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// An opening bracket whose first element or end has not come yet.
    private var justOpened = false

    mutating func take(_ byte: UInt8) {
      if isInString {
        takeInString(byte)
        return
      }
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
        return
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if !justOpened { breakLine() }
        justOpened = false
        bytes.append(byte)
        return
      default:
        break
      }
      if justOpened {
        breakLine()
        justOpened = false
      }
      bytes.append(byte)
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        justOpened = true
      case UInt8(ascii: ","): breakLine()
      case UInt8(ascii: ":"): bytes.append(UInt8(ascii: " "))
      default: break
      }
    }

    private mutating func takeInString(_ byte: UInt8) {
      bytes.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
      }
    }

    private mutating func breakLine() {
      bytes.append(UInt8(ascii: "\n"))
      bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
  }
}
