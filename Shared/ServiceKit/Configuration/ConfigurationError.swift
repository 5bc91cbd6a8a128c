/// The configuration cannot be used. The sentence names the key and its limit, never the value, which may be a secret.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong and what to do.
  package let description: String

  /// Makes an error from a whole sentence.
  package init(_ description: String) {
    self.description = description
  }

  static func missing(_ setting: SettingDescription) -> ConfigurationError {
    ConfigurationError(
      "\(setting.key) is missing: \(setting.summary) Set it in the file or as \(environmentName(setting.key)).")
  }

  static func outOfLimit(_ setting: SettingDescription, origin: String) -> ConfigurationError {
    ConfigurationError("\(setting.key) (\(origin)) must be \(setting.limit).")
  }

  static func unknown(_ keys: [String], file: String) -> ConfigurationError {
    ConfigurationError(
      "\(file) has keys that this program does not know: \(keys.sorted().joined(separator: ", ")). "
        + "Run it with --help for those it knows.")
  }

  static func unreadable(file: String, why: String) -> ConfigurationError {
    ConfigurationError("The configuration file \(file) cannot be used: \(why).")
  }
}

/// The environment variable of a key: `listen.port` is `RAPPORT_LISTEN_PORT`.
func environmentName(_ key: String) -> String {
  var name = "RAPPORT_"
  for character in key {
    if character == "." {
      name.append("_")
    } else if character.isUppercase {
      name.append("_\(character)")
    } else {
      name.append(contentsOf: character.uppercased())
    }
  }
  return name
}
