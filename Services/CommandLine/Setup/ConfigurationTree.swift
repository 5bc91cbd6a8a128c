import Foundation
import RPC
import ServiceKit

/// A service's configuration file in the making: keys with dots become nested objects.
struct ConfigurationTree: Sendable, Hashable {
  private enum Node: Sendable, Hashable, Encodable {
    case text(String)
    case number(Int)
    case list([String])
    case object([String: Node])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number): try container.encode(number)
      case .list(let list): try container.encode(list)
      case .object(let members): try container.encode(members)
      }
    }
  }

  private var root: [String: Node] = [:]

  /// An empty file.
  init() {}

  mutating func set(_ setting: Setting<String>, _ value: String) {
    set(setting.key, .text(value))
  }

  mutating func set(_ setting: Setting<String?>, _ value: String) {
    set(setting.key, .text(value))
  }

  mutating func set(_ setting: Setting<Int>, _ value: Int) {
    set(setting.key, .number(value))
  }

  mutating func set(_ setting: Setting<[HostPort]>, _ value: [HostPort]) {
    set(setting.key, .list(value.map(\.description)))
  }

  private mutating func set(_ key: String, _ value: Node) {
    Self.set(key.split(separator: ".").map(String.init)[...], value, in: &root)
  }

  private static func set(_ path: ArraySlice<String>, _ value: Node, in members: inout [String: Node]) {
    guard let first = path.first else { return }
    guard path.count > 1 else {
      members[first] = value
      return
    }
    var inner: [String: Node] = [:]
    if case .object(let existing) = members[first] { inner = existing }
    set(path.dropFirst(), value, in: &inner)
    members[first] = .object(inner)
  }

  /// The file: the same for the same settings, so that a repeat changes nothing.
  var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(root) + Data("\n".utf8)
    }
  }
}
