import Configuration
import Foundation
import Synchronization

/// What is configured: the environment (`RAPPORT_…`) over a JSON file.
///
/// A struct that is configured reads its keys in `init(from settings: Settings)`. The same initializer, run by
/// ``describe(_:)``, lists its keys, so that no list can forget one.
package final class Settings: Sendable {
  private let sources: [Source]
  private let file: (path: String, keys: Set<String>)?
  private let isListing: Bool
  private let asked = Mutex<[SettingDescription]>([])

  /// Where values come from, and how errors call a key there.
  private struct Source: Sendable {
    var origin: @Sendable (_ key: String) -> String
    var value: @Sendable (AbsoluteConfigKey, ConfigType) throws -> LookupResult
  }

  private init(sources: [Source], file: (path: String, keys: Set<String>)?, isListing: Bool) {
    self.sources = sources
    self.file = file
    self.isListing = isListing
  }

  /// Reads the sources.
  ///
  /// - Parameters:
  ///   - environment: variables by name; those without the prefix `RAPPORT_` are passed over.
  ///   - file: a JSON file of nested objects: `{"listen": {"port": 7001}}`. Nil: no file.
  /// - Throws: ``ConfigurationError`` when the file cannot be read or is not such JSON.
  package convenience init(environment: [String: String], file: String?) throws {
    let variables = EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "rapport")
    let environment = Source(origin: environmentName, value: variables.value)
    guard let file else {
      self.init(sources: [environment], file: nil, isListing: false)
      return
    }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ConfigurationError.unreadable(file: file, why: "it is not there, or may not be read")
    }
    guard let tree = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let snapshot = try? JSONSnapshot(data: data.bytes, providerName: file, parsingOptions: .default)
    else {
      throw ConfigurationError.unreadable(file: file, why: "it is not a JSON object of objects, texts and numbers")
    }
    let contents = Source(origin: { _ in "in \(file)" }, value: snapshot.value)
    self.init(sources: [environment, contents], file: (file, keys(of: tree)), isListing: false)
  }

  /// The value of a key, or its default.
  ///
  /// - Throws: ``ConfigurationError`` naming the key and its limit.
  package func get<Value>(_ setting: Setting<Value>) throws -> Value {
    asked.withLock { $0.append(setting.description) }
    if isListing {
      return setting.example
    }
    for source in sources {
      do {
        if let value = try setting.read(RawSetting(key: setting.key, of: source.value)) {
          return value
        }
      } catch {
        throw ConfigurationError.outOfLimit(setting.description, origin: source.origin(setting.key))
      }
    }
    guard let fallback = setting.fallback else {
      throw ConfigurationError.missing(setting.description)
    }
    return fallback
  }

  /// Refuses keys of the file that nothing has asked for: a misspelt key would silently do nothing.
  ///
  /// - Throws: ``ConfigurationError`` naming the keys.
  package func refuseUnknownKeys() throws {
    guard let file else {
      return
    }
    let unknown = file.keys.subtracting(asked.withLock { Set($0.map(\.key)) })
    if !unknown.isEmpty {
      throw ConfigurationError.unknown(Array(unknown), file: file.path)
    }
  }

  /// The keys that an initializer reads, in its order.
  package static func describe(_ read: (Settings) throws -> Void) rethrows -> [SettingDescription] {
    let settings = Settings(sources: [], file: nil, isListing: true)
    try read(settings)
    return settings.asked.withLock { $0 }
  }
}

extension RawSetting {
  fileprivate init(key: String, of source: @escaping (AbsoluteConfigKey, ConfigType) throws -> LookupResult) {
    let key = AbsoluteConfigKey(key.split(separator: ".").map(String.init))
    let content = { (type: ConfigType) in try source(key, type).value?.content }
    self.init(
      string: { if case .string(let value) = try content(.string) { value } else { nil } },
      int: { if case .int(let value) = try content(.int) { value } else { nil } },
      bool: { if case .bool(let value) = try content(.bool) { value } else { nil } },
      strings: { if case .stringArray(let value) = try content(.stringArray) { value } else { nil } })
  }
}

/// The keys of a JSON tree's leaves, joined by dots.
private func keys(of tree: [String: Any], under prefix: String = "") -> Set<String> {
  var found: Set<String> = []
  for (name, value) in tree {
    if let branch = value as? [String: Any] {
      found.formUnion(keys(of: branch, under: prefix + name + "."))
    } else {
      found.insert(prefix + name)
    }
  }
  return found
}
