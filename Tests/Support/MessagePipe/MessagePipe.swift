import Foundation
import Messages
import SampleMessages

/// Passes messages through the suite's codecs for another program to judge.
///
/// Reads requests from standard input: an operation of one letter, the type's full name, the input; each of the latter
/// behind its length in four bytes, little-endian. Answers each with `+` and the output, or `-` and the reason, with
/// their length. Operations: `w` wire to wire, `j` wire to JSON, `p` JSON to wire, `r` the names of resources, a line each.
@main
struct MessagePipe {
  static func main() throws {
    let types = Dictionary(
      uniqueKeysWithValues: (SampleMessagesFiles.types + MessagesFiles.types).map { ($0.descriptor.name, $0) })
    while let operation = read(1)?.first {
      guard let name = readBlock(), let input = readBlock() else { return }
      let text = String(decoding: name, as: UTF8.self)
      guard let type = types[text] else {
        try answer("-", Array("no type \(text)".utf8))
        continue
      }
      do {
        try answer("+", try run(operation, type, input) { types[$0]?.descriptor })
      } catch {
        try answer("-", Array("\(error)".utf8))
      }
    }
  }

  private static func run(
    _ operation: UInt8, _ type: any Message.Type, _ input: [UInt8], types: (String) -> MessageDescriptor?
  ) throws -> [UInt8] {
    switch operation {
    case UInt8(ascii: "w"): try type.init(decoding: input, limits: .standard).encoded()
    case UInt8(ascii: "j"): try JSONCodec.json(from: input, as: type.descriptor, types: types)
    case UInt8(ascii: "p"): try JSONCodec.wire(from: input, as: type.descriptor, types: types)
    default:
      Array(
        try ResourceNames.names(in: input, of: type.descriptor).map { "\($0.path)=\($0.value)\n" }.joined().utf8)
    }
  }

  private static func readBlock() -> [UInt8]? {
    guard let length = read(4) else { return nil }
    return read(length.reversed().reduce(0) { $0 << 8 | Int($1) })
  }

  /// - Returns: nil at the end of the input.
  private static func read(_ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard let more = try? FileHandle.standardInput.read(upToCount: count - bytes.count), !more.isEmpty else {
        return nil
      }
      bytes += more
    }
    return bytes
  }

  private static func answer(_ status: Character, _ output: [UInt8]) throws {
    var length = UInt32(output.count).littleEndian
    let header = Array(String(status).utf8) + withUnsafeBytes(of: &length) { Array($0) }
    try FileHandle.standardOutput.write(contentsOf: header + output)
  }
}
