import Crypto
import Foundation
import Logging
import RPC
import Testing

@testable import ServiceKit

@Suite("Configuration")
struct ConfigurationTests {
  private static let identity = [
    "RAPPORT_IDENTITY_PRIVATE_KEY_FILE": "/k/profiles.key", "RAPPORT_IDENTITY_PUBLIC_KEYS_FILE": "/k/public.json",
  ]

  private func settings(_ environment: [String: String] = [:], file: String? = nil) throws -> Settings {
    var path: String?
    if let file {
      let url = FileManager.default.temporaryDirectory.appending(path: "rapport-\(UUID().uuidString).json")
      try Data(file.utf8).write(to: url)
      path = url.path
    }
    defer { path.map { try? FileManager.default.removeItem(atPath: $0) } }
    return try Settings(environment: Self.identity.merging(environment) { _, new in new }, file: path)
  }

  @Test("everything but the keys has a default")
  func defaults() throws {
    let configuration = try ServiceConfiguration(from: settings())
    #expect(configuration.listen == HostPort(host: "127.0.0.1", port: 0))
    #expect(configuration.threads >= 1)
    #expect(configuration.drainTime == .seconds(30))
    #expect(configuration.identity.peers.isEmpty)
    #expect(configuration.database.rolePrefix == "rapport")
  }

  @Test("the environment wins over the file, key by key")
  func layers() throws {
    let settings = try settings(
      ["RAPPORT_LISTEN_PORT": "7002", "RAPPORT_PEERS_MESSAGING": "127.0.0.1:7003"],
      file: """
        {"listen": {"port": 7001, "host": "::1"}, "log": {"level": "debug"},
         "peers": {"profiles": ["127.0.0.1:7001", "[::1]:7001"], "forms": "a.test:1,b.test:2"}}
        """)
    let configuration = try ServiceConfiguration(from: settings)
    #expect(configuration.listen == HostPort(host: "::1", port: 7_002))
    #expect(configuration.logLevel == .debug)
    #expect(
      configuration.identity.peers == [
        .profiles: [HostPort(host: "127.0.0.1", port: 7_001), HostPort(host: "::1", port: 7_001)],
        .messaging: [HostPort(host: "127.0.0.1", port: 7_003)],
        .forms: [HostPort(host: "a.test", port: 1), HostPort(host: "b.test", port: 2)],
      ])
    #expect(throws: Never.self) { try settings.refuseUnknownKeys() }
  }

  @Test(
    "an error names the key, its origin and its limit, not the value",
    arguments: [
      ("RAPPORT_LISTEN_PORT", "70000", "listen.port (RAPPORT_LISTEN_PORT) must be a whole number from 0 to 65535."),
      ("RAPPORT_LISTEN_PORT", "secret", "listen.port (RAPPORT_LISTEN_PORT) must be a whole number from 0 to 65535."),
      ("RAPPORT_LOG_LEVEL", "secret", "log.level (RAPPORT_LOG_LEVEL) must be one of trace, debug"),
      ("RAPPORT_PEERS_FORMS", "secret", "peers.forms (RAPPORT_PEERS_FORMS) must be addresses such as"),
      ("RAPPORT_DATABASE_NAME", "", "database.name (RAPPORT_DATABASE_NAME) must be a text that is not empty."),
    ])
  func limits(variable: String, value: String, sentence: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try ServiceConfiguration(from: settings([variable: value]))
    }
    #expect(error?.description.hasPrefix(sentence) == true)
    #expect(error?.description.contains("secret") == false)
  }

  @Test("a value of the wrong type in the file is refused")
  func fileTypes() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try ServiceConfiguration(from: settings(file: #"{"listen": {"port": "seven"}}"#))
    }
    #expect(error?.description.contains("listen.port (in ") == true)
  }

  @Test("a key that nothing reads is refused by its name")
  func unknownKeys() throws {
    let settings = try settings(file: #"{"listen": {"prot": 7001}, "threads": 2}"#)
    _ = try ServiceConfiguration(from: settings)
    let error = #expect(throws: ConfigurationError.self) { try settings.refuseUnknownKeys() }
    #expect(error?.description.contains("listen.prot") == true)
    #expect(error?.description.contains("threads") == false)
  }

  @Test("a missing key says how to give it")
  func missing() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try ServiceConfiguration(from: Settings(environment: [:], file: nil))
    }
    #expect(error?.description.contains("RAPPORT_IDENTITY_PRIVATE_KEY_FILE") == true)
  }

  @Test("a file that is not there, or no JSON, is named", arguments: ["/nowhere/rapport.json", "/etc/hostname"])
  func unreadable(path: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try Settings(environment: [:], file: path) }
    #expect(error?.description.contains(path) == true)
  }

  @Test("the files of TLS belong together")
  func tls() throws {
    #expect(try ServiceConfiguration(from: settings()).tls == nil)
    let error = #expect(throws: ConfigurationError.self) {
      try ServiceConfiguration(from: settings(["RAPPORT_TLS_CERTIFICATE_FILE": "/a.pem"]))
    }
    #expect(error?.description.contains("tls.keyFile") == true)
    let all = try settings([
      "RAPPORT_TLS_CERTIFICATE_FILE": "/nowhere/a.pem", "RAPPORT_TLS_KEY_FILE": "/nowhere/a.key",
      "RAPPORT_TLS_AUTHORITIES_FILE": "/nowhere/ca.pem",
    ])
    let unreadable = #expect(throws: ConfigurationError.self) { try ServiceConfiguration(from: all).tls?.server() }
    #expect(unreadable?.description.contains("/nowhere/a.pem") == true)
  }

  @Test("the listing has every key once, with its unit and default, and no secret")
  func listing() throws {
    let keys = try Settings.describe { _ = try ServiceConfiguration(from: $0) }
    #expect(Set(keys.map(\.key)).count == keys.count)
    #expect(keys.contains { $0.key == "peers.automation" && $0.fallback == "none" })
    #expect(keys.contains { $0.key == "drainSeconds" && $0.fallback == "30" })
    #expect(keys.contains { $0.key == "identity.privateKeyFile" && $0.fallback == nil })
    let help = CommandLineOptions.help(program: "rapport-profiles", settings: keys)
    #expect(help.contains("listen.port\n"))
    #expect(help.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
  }

  @Test("a secret is not shown by printing what holds it")
  func secrets() throws {
    let settings = try settings(["RAPPORT_DATABASE_PASSWORD": "hunter2"])
    let configuration = try ServiceConfiguration(from: settings)
    #expect(try configuration.database.password?.value() == "hunter2")
    var dumped = ""
    dump(configuration, to: &dumped)
    #expect(!"\(configuration)".contains("hunter2") && !dumped.contains("hunter2"))
  }

  @Test("the command line asks for a run, readiness, the version or help")
  func commandLine() throws {
    #expect(try CommandLineOptions([], environment: [:]).request == .run)
    #expect(try CommandLineOptions(["--version"], environment: [:]).request == .showVersion)
    #expect(try CommandLineOptions(["--help"], environment: [:]).request == .showHelp)
    #expect(try CommandLineOptions(["--ready"], environment: [:]).request == .askReadiness)
    let environment = ["RAPPORT_CONFIG": "a.json"]
    #expect(try CommandLineOptions([], environment: environment).configurationFile == "a.json")
    #expect(try CommandLineOptions(["--config", "b.json"], environment: environment).configurationFile == "b.json")
    #expect(throws: CommandLineOptions.Misuse.self) { try CommandLineOptions(["--prot"], environment: [:]) }
    #expect(throws: CommandLineOptions.Misuse.self) { try CommandLineOptions(["--config"], environment: [:]) }
  }

  @Test("key files are made once, and public ones written anew")
  func keyFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rapport-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let files = KeyFiles(folder: folder)
    try files.prepare()
    let ring = { (service: ServiceName) in
      try KeyRing(
        IdentityConfiguration(
          from: Settings(
            environment: [
              "RAPPORT_IDENTITY_PRIVATE_KEY_FILE": files.privateKey(of: service),
              "RAPPORT_IDENTITY_PUBLIC_KEYS_FILE": files.publicKeys,
            ], file: nil)))
    }
    let first = try ring(.forms)
    #expect(first.trusted.count == ServiceName.allCases.count)
    #expect(first.trusted[.forms]?.first?.rawRepresentation == first.own.publicKey.rawRepresentation)
    try files.prepare()
    #expect(try ring(.forms).own.rawRepresentation == first.own.rawRepresentation)
    let mode = try FileManager.default.attributesOfItem(atPath: files.privateKey(of: .forms))[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }
}
