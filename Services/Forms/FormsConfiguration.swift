internal import Foundation
package import ServiceKit

/// What Forms alone is told.
package struct FormsConfiguration: Sendable {
  /// What the links that people get begin with, such as `https://pages.example.com`.
  package static let publicBaseURL = Setting<String>(
    "publicBaseURL", default: nil, example: "https://pages.example.com",
    "Where the public pages are reached: https://…, or http://… on this machine alone.")
  /// File with the secret that links are signed with. Whoever changes it makes every link that was given out invalid.
  package static let linkSecretFile = Setting<String>(
    "links.secretFile", default: nil, example: "/var/lib/rapport/keys/forms.link-secret",
    "File whose first line, of at least 32 characters, is the secret that links are signed with.")

  /// Where the public pages are reached, without a slash at the end.
  package let publicBase: String
  private let secret: Secret?

  /// Reads the configuration.
  ///
  /// - Throws: ``ConfigurationError``.
  package init(from settings: Settings) throws {
    publicBase = try Self.checked(settings.get(Self.publicBaseURL))
    secret = Secret(value: nil, file: try settings.get(Self.linkSecretFile))
  }

  /// The secret that links are signed with; read when the service is built.
  ///
  /// - Throws: ``ConfigurationError`` when the file cannot be read or the secret is too short.
  package func linkSecret() throws -> [UInt8] {
    let bytes = Array(try secret?.value().utf8 ?? "".utf8)
    guard bytes.count >= 32 else {
      throw ConfigurationError("\(Self.linkSecretFile.key) must hold at least 32 characters on its first line.")
    }
    return bytes
  }

  private static let loopback: Set<String> = ["localhost", "127.0.0.1", "::1", "[::1]"]

  private static func checked(_ text: String) throws -> String {
    guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty, url.query == nil,
      url.fragment == nil, url.user == nil, url.scheme == "https" || (url.scheme == "http" && loopback.contains(host))
    else {
      throw ConfigurationError(
        "\(publicBaseURL.key) must be an address such as https://pages.example.com; http is for 127.0.0.1 alone.")
    }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }
}
