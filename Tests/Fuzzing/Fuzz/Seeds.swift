import Foundation
import Messages
import NIOCore
import SampleMessages

/// Inputs for a fuzzer to begin with: well-formed ones, so that it need not find out what a message or a call is.
///
/// The rest of the corpus was found by the fuzzer, and by `record.py`, which keeps what a foreign client sends.
enum Seeds {
  /// - Parameter folder: gets a folder for each target.
  static func write(to folder: URL) throws {
    for target in FuzzTarget.allCases {
      let folder = folder.appending(path: target.rawValue, directoryHint: .isDirectory)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (name, bytes) in try seeds(of: target) {
        try Data(bytes).write(to: folder.appending(path: "seed-" + name))
      }
    }
  }

  private static func seeds(of target: FuzzTarget) throws -> [String: [UInt8]] {
    switch target {
    case .codec: try codec()
    case .framing: framing()
    case .session: session()
    }
  }
}

// MARK: - Messages

extension Seeds {
  private static func codec() throws -> [String: [UInt8]] {
    var seeds: [String: [UInt8]] = [:]
    for message in messages {
      let type = type(of: message)
      guard let index = CodecTarget.types.firstIndex(where: { $0.descriptor.name == type.descriptor.name }) else {
        continue
      }
      let name = type.descriptor.name.split(separator: ".").last.map(String.init) ?? ""
      let encoded = try message.encoded()
      let json = try JSONCodec.json(from: encoded, as: type.descriptor)
      seeds["\(name)-wire"] = [UInt8(index), CodecTarget.Format.wire.rawValue, 7, 255, 255] + encoded
      seeds["\(name)-json"] = [UInt8(index), CodecTarget.Format.json.rawValue] + json
    }
    return seeds
  }

  private static var messages: [any Message] {
    [scalars, optionals, lists, maps, choices, node, wellKnown, sparse, status]
  }

  private static var scalars: SampleV1.Scalars {
    .with {
      $0.doubleValue = -0.0
      $0.floatValue = 1.5
      $0.int32Value = -1
      $0.int64Value = .min
      $0.uint64Value = .max
      $0.sint32Value = .min
      $0.fixed64Value = 1 << 40
      $0.boolValue = true
      $0.stringValue = "Zoë <\"\\\u{1}>"
      $0.bytesValue = [0, 255]
      $0.color = .crimson
    }
  }

  private static var optionals: SampleV1.Optionals {
    .with {
      $0.doubleValue = .infinity
      $0.int32Value = 0
      $0.stringValue = ""
      $0.boolValue = false
      $0.scalars = scalars
    }
  }

  private static var lists: SampleV1.Lists {
    .with {
      $0.doubleValues = [0, 1e300]
      $0.int32Values = [-1, 0, 1]
      $0.sint64Values = [.min, .max]
      $0.boolValues = [true, false]
      $0.stringValues = ["", "a"]
      $0.bytesValues = [[], [1]]
      $0.scalars = [scalars, SampleV1.Scalars()]
      $0.unknownFields = [0xA0, 0x06, 0x01, 0xAB, 0x06, 0xAC, 0x06]
    }
  }

  private static var maps: SampleV1.Maps {
    .with {
      $0.int32Keys = [-1: 1, 2: 0]
      $0.boolKeys = [false: true]
      $0.stringKeys = ["": "", "b": "c"]
      $0.scalarsValues = ["x": scalars]
      $0.nodeValues = ["y": node]
    }
  }

  private static var choices: SampleV1.Choices {
    .with {
      $0.before = "before"
      $0.first = .scalarsChoice(scalars)
      $0.second = .left("left")
    }
  }

  private static var node: SampleV1.Node {
    .with {
      $0.name = "outer"
      $0.children = [.with { $0.name = "inner" }, .with { $0.named = ["a": .with { $0.name = "named" }] }]
    }
  }

  private static var wellKnown: SampleV1.WellKnown {
    .with {
      $0.timestamp = .with { $0.seconds = 1_700_000_000 }
      $0.duration = .with { $0.nanos = -5_000 }
      $0.mask = .with { $0.paths = ["a_b.c"] }
      $0.struct = .with { $0.fields = ["k": .with { $0.kind = .numberValue(1.5) }] }
      $0.list = .with {
        $0.values = [.with { $0.kind = .boolValue(true) }, .with { $0.kind = .nullValue(.nullValue) }]
      }
      $0.doubleWrapper = .with { $0.value = 0 }
      $0.bytesWrapper = .with { $0.value = [1, 2, 3] }
      $0.empty = GoogleProtobuf.Empty()
      $0.durations = ["d": .with { $0.seconds = 3 }]
    }
  }

  private static var sparse: SampleV1.Sparse {
    .with {
      $0.last = "last"
      $0.seventeenth = [17, 17]
      $0.deep = scalars
    }
  }

  private static var status: GoogleRPC.Status {
    .with {
      $0.code = 5
      $0.message = "none"
      $0.details = [
        .with {
          $0.typeUrl = "type.googleapis.com/google.rpc.ErrorInfo"
          $0.value = (try? GoogleRPC.ErrorInfo.with { $0.reason = "NONE" }.encoded()) ?? []
        }
      ]
    }
  }
}

// MARK: - Frames

extension Seeds {
  private static func frame(_ flag: UInt8, _ bytes: [UInt8], length: Int? = nil) -> [UInt8] {
    let length = length ?? bytes.count
    return [flag] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + bytes
  }

  /// gzip of "a" twenty times, as zlib makes it.
  private static let zipped: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75, 76, 196, 4, 0, 206, 139, 111, 38, 20, 0, 0, 0,
  ]

  private static func framing() -> [String: [UInt8]] {
    let plain = frame(0, Array("one".utf8)) + frame(0, []) + frame(0, Array("three".utf8))
    let compressed = frame(1, zipped)
    let damaged = frame(1, zipped.dropLast() + [1])
    var seeds: [String: [UInt8]] = [:]
    seeds["plain"] = [0b1_0100, 0] + plain
    seeds["bytewise"] = [0b1_0100, 1] + plain
    seeds["lazy"] = [0b1_0000, 3] + plain
    seeds["gzip"] = [0b1_0101, 4] + compressed + frame(0, [1]) + compressed
    seeds["gzip-too-large"] = [0b1101, 0] + damaged + compressed
    seeds["announced"] = [0b1_0100, 0] + frame(0, [1]) + frame(0, [2], length: 0xFFFF_FFFF)
    seeds["cut"] = [0b1_0100, 0] + frame(0, [1], length: 2)
    seeds["messages"] = [0b1_1110, 2, 0, 3, 1, 2, 3, 2, 1, 9]
    seeds["messages-gzip"] = [0b1_1111, 8, 3, 30] + Array(1...30) + [3, 3, 7, 7, 7, 0, 0]
    return seeds
  }
}

// MARK: - Connections

extension Seeds {
  private typealias Step = SessionScript.Step

  private static func step(_ step: Step, _ bytes: UInt8...) -> [UInt8] { [step.rawValue] + bytes }

  /// A request by its path's place; `choices` of ``SessionScript``.
  private static func request(_ stream: UInt8, _ path: UInt8, _ choices: UInt8 = 0, _ more: [UInt8] = []) -> [UInt8] {
    step(.request, stream, path, choices) + more
  }

  private static func message(_ stream: UInt8, _ text: String, ends: Bool) -> [UInt8] {
    step(.message, stream, ends ? 3 : 2, UInt8(text.utf8.count)) + Array(text.utf8)
  }

  private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ content: [UInt8]) -> [UInt8] {
    step(.frame, type, flags, stream, UInt8(content.count)) + content
  }

  /// Steps behind a first byte of flags.
  private static func script(_ flags: UInt8, _ steps: [UInt8]...) -> [UInt8] { [flags] + steps.flatMap { $0 } }

  private static var calls: [UInt8] {
    (UInt8(0)...6).flatMap { path -> [UInt8] in
      let stream = path * 2 + 1
      return request(stream, path) + message(stream, "hello", ends: true)
    }
  }

  private static var metadata: [UInt8] { request(1, 0, 0b11_1110, [2, 57, 83, 3, 97, 98, 99, 4, 65, 65, 65, 61]) }

  private static var chat: [UInt8] {
    let opening = request(1, 4) + message(1, "one", ends: false)
    return opening + step(.arrival) + message(1, "two", ends: false)
  }

  /// A call whose answer is larger than the client's windows, which then open bit by bit.
  private static var narrowWindows: [UInt8] {
    let settings = frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
    return settings + request(1, 3) + message(1, "~~~~", ends: true)
  }

  private static var openedWindows: [UInt8] {
    let opening = step(.arrival) + frame(8, 0, 1, [0, 0, 4, 0])
    return opening + step(.arrival) + frame(8, 0, 1, [0, 1, 0, 0])
  }

  private static var raw: [UInt8] {
    HTTP2Bytes.preface + HTTP2Bytes.frame(1, 5, stream: 1, HTTP2Bytes.requestHeaders(path: 0))
  }

  private static func session() -> [String: [UInt8]] {
    let last = message(1, "end", ends: true)
    let empty = message(1, "", ends: true)
    let arrival = step(.arrival)
    var seeds: [String: [UInt8]] = [:]
    seeds["calls"] = script(0b10, calls)
    seeds["calls-bytewise"] = script(0b1_0010, calls)
    seeds["calls-narrow"] = script(0b10_0110, calls)
    seeds["calls-then-time"] = script(0b100_0010, calls)
    seeds["metadata"] = script(0b1010, metadata, last)
    seeds["chat"] = script(0b10, chat, last)
    seeds["chat-drained"] = script(0b1000_0010, chat, step(.drain), arrival, last)
    seeds["chat-aborted"] = script(0b1100_0010, chat)
    seeds["reset"] = script(0b10, request(1, 5), empty, arrival, frame(3, 0, 1, [0, 0, 0, 8]))
    seeds["health"] = script(0b10, request(1, 9), empty, arrival, frame(6, 0, 0, Array(0..<8)))
    seeds["reflection"] = script(0b10, request(1, 10), step(.message, 1, 1, 2, 0x3A, 0))
    seeds["windows"] = script(0b10, narrowWindows, openedWindows)
    seeds["unwritable"] = script(0b10, step(.writability, 0), narrowWindows, step(.writability, 1), openedWindows)
    seeds["announced"] = script(0b10, request(1, 2), step(.message, 1, 4, 1, 9, 255))
    seeds["goaway"] = script(0b10, request(1, 4), frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0, 98, 121, 101]))
    seeds["continued"] = script(0b10, frame(1, 0, 1, [0x83]), frame(9, 4, 1, [0x86]))
    seeds["raw"] = script(0b1, raw)
    seeds["no-preface"] = script(0b1, Array("GET / HTTP/1.1\r\n\r\n".utf8))
    return seeds
  }
}
