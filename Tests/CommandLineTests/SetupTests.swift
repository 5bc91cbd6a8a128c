import Crypto
import Database
import DatabaseTesting
import Forms
import Foundation
import Gateway
import Mail
import Messaging
import RPC
import ServiceKit
import Testing

@testable import CommandLineTool

@Suite("rapport setup")
struct SetupTests {
  /// A data folder and a topology over the tests' PostgreSQL, with a database of its own name.
  private func withTopology(
    services: [String] = ["gateway", "profiles"], _ body: (_ data: String, _ topology: String) async throws -> Void
  ) async throws {
    let cluster = try await TestCluster.shared
    try await withTemporaryFolder { folder in
      try "\(cluster.administrator.password)\n".write(
        toFile: "\(folder)/postgres.password", atomically: true, encoding: .utf8)
      let listed = services.enumerated().map { index, name in
        #""\#(name)":{"rpc":"127.0.0.1:\#(7_400 + index)","admin":"127.0.0.1:\#(7_500 + index)","http":"127.0.0.1:8080"}"#
      }
      let database = "setup\(UInt32.random(in: 0..<UInt32.max))"
      try """
      {"database":{"host":"\(cluster.folder)","port":5432,"name":"\(database)",
        "administrator":"\(cluster.administrator.user)","passwordFile":"\(folder)/postgres.password"},
       "publicBaseURL":"http://127.0.0.1:8080","smtp":{"host":"127.0.0.1","port":2525},
       "services":{\(listed.joined(separator: ","))}}
      """.write(toFile: "\(folder)/topology.json", atomically: true, encoding: .utf8)
      try await body("\(folder)/data", "\(folder)/topology.json")
    }
  }

  private func contents(of folder: String) throws -> [String: Data] {
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
    return Dictionary(
      uniqueKeysWithValues: files.compactMap { file in
        FileManager.default.contents(atPath: "\(folder)/\(file)").map { (file, $0) }
      })
  }

  @Test("writes configurations that the services accept, with keys that belong together")
  func configurations() async throws {
    try await withTopology(services: ["gateway", "profiles", "datatables"]) { data, topology in
      let setup = try await Executable().run("setup", "--data", data, "--topology", topology, "-o", "json")
      #expect(setup.output == "{\"configured\":[\"gateway\",\"profiles\",\"datatables\"]}\n")
      #expect(setup.status == 0, "\(setup.errors)")

      let settings = try Settings(environment: [:], file: "\(data)/config/profiles.json")
      let configuration = try ServiceConfiguration(from: settings)
      try settings.refuseUnknownKeys()
      #expect(configuration.listen == HostPort(host: "127.0.0.1", port: 7_401))
      #expect(configuration.admin == HostPort(host: "127.0.0.1", port: 7_501))
      #expect(
        configuration.identity.peers == [
          .gateway: [HostPort(host: "127.0.0.1", port: 7_400)],
          .dataTables: [HostPort(host: "127.0.0.1", port: 7_402)],
        ])

      let published = try JSONDecoder().decode(
        [String: [String]].self, from: Data(contentsOf: URL(filePath: configuration.identity.publicKeysFile)))
      let line = try #require(
        try String(contentsOfFile: configuration.identity.privateKeyFile, encoding: .utf8)
          .split(separator: "\n").first)
      let seed = try #require(Data(base64Encoded: String(line)))
      let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
      #expect(published["profiles"] == [key.publicKey.rawRepresentation.base64EncodedString()])
      #expect(Set(published.keys) == ["gateway", "profiles", "datatables"])

      let own = try Settings(environment: [:], file: "\(data)/config/gateway.json")
      _ = try ServiceConfiguration(from: own)
      #expect(try GatewayConfiguration(from: own).http == HostPort(host: "127.0.0.1", port: 8_080))
      try own.refuseUnknownKeys()

      // The logins that it names connect with the passwords that it names.
      let roles = try RoleNames(prefix: configuration.database.name, service: "profiles")
      let address = ServerAddress(host: configuration.database.host, database: configuration.database.name)
      let database = Database(
        configuration: DatabaseConfiguration(
          server: address, roles: roles, password: try #require(try configuration.database.password?.value())),
        logger: .quiet)
      try await database.start()
      await database.shutdown()
    }
  }

  @Test("gives the forms what their links need")
  func forms() async throws {
    try await withTopology(services: ["gateway", "profiles", "forms"]) { data, topology in
      let setup = try await Executable().run("setup", "--data", data, "--topology", topology)
      #expect(setup.status == 0, "\(setup.errors)")
      let settings = try Settings(environment: [:], file: "\(data)/config/forms.json")
      _ = try ServiceConfiguration(from: settings)
      let configuration = try FormsConfiguration(from: settings)
      try settings.refuseUnknownKeys()
      #expect(configuration.publicBase == "http://127.0.0.1:8080")
      #expect(try configuration.linkSecret().count >= 32)
    }
  }

  @Test("messaging is told the mail server, what links begin with, and a secret that stays")
  func messaging() async throws {
    try await withTopology(services: ["gateway", "messaging"]) { data, topology in
      #expect(try await Executable().run("setup", "--data", data, "--topology", topology).status == 0)
      let settings = try Settings(environment: [:], file: "\(data)/config/messaging.json")
      _ = try ServiceConfiguration(from: settings)
      let configuration = try MessagingConfiguration(from: settings)
      try settings.refuseUnknownKeys()
      #expect(configuration.publicBaseURL == "http://127.0.0.1:8080")
      #expect(configuration.smtp.host == "127.0.0.1" && configuration.smtp.port == 2_525)
      #expect(try configuration.linksSecret.value().utf8.count >= 32)
    }
  }

  @Test("apart, a service's folder holds its own secrets and no other's, and its configuration names files in it")
  func apart() async throws {
    try await withTopology(services: ["gateway", "profiles", "forms"]) { data, topology in
      let arguments = ["setup", "--data", data, "--topology", topology]
      #expect(try await Executable().run(arguments + ["--apart"]).status == 0)
      let files = try contents(of: data)
      let own = ["configuration.json", "profiles.ddl-password", "profiles.key", "profiles.password", "public.json"]
      let given = files.keys.filter { $0.hasPrefix("services/profiles/") }
      #expect(given.sorted() == own.map { "services/profiles/\($0)" })
      #expect(files["services/forms/forms.link-secret"] == files["keys/forms.link-secret"])

      let settings = try Settings(environment: [:], file: "\(data)/services/profiles/configuration.json")
      let configuration = try ServiceConfiguration(from: settings)
      #expect(configuration.identity.privateKeyFile == "\(data)/services/profiles/profiles.key")
      #expect(configuration.identity.publicKeysFile == "\(data)/services/profiles/public.json")
      let password = String(decoding: try #require(files["keys/profiles.password"]), as: UTF8.self)
      #expect(try configuration.database.password?.value() == String(password.dropLast()))

      #expect(try await Executable().run(arguments + ["--apart"]).status == 0)
      #expect(try contents(of: data) == files)
    }
  }

  @Test("the database's password is drawn once, before there is a database; the key is shown once there is one")
  func beforeAndAfter() async throws {
    try await withTopology { data, topology in
      let arguments = ["setup", "--data", data, "--topology", topology]
      let early = try await Executable().run(arguments + ["--show-key"])
      #expect(early.status == 1 && early.errors.contains("Run the setup first"), "\(early.errors)")

      let text = try String(contentsOfFile: topology, encoding: .utf8)
      let elsewhere = text.replacing("postgres.password", with: "secrets/drawn.password")
      try elsewhere.write(toFile: "\(topology).elsewhere", atomically: true, encoding: .utf8)
      let draw = ["setup", "--data", data, "--topology", "\(topology).elsewhere", "--password-only"]
      #expect(try await Executable().run(draw).status == 0)
      let file = URL(filePath: topology).deletingLastPathComponent().appending(path: "secrets/drawn.password").path
      let drawn = try String(contentsOfFile: file, encoding: .utf8)
      #expect(drawn.count > 32)
      #expect(try await Executable().run(draw).status == 0)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == drawn)

      #expect(try await Executable().run(arguments).status == 0)
      let shown = try await Executable().run(arguments + ["--show-key"])
      #expect(try shown.output == String(contentsOfFile: "\(data)/keys/administrator.key", encoding: .utf8))
    }
  }

  @Test("a second run changes no file, and one that completes a half-done run keeps its secrets")
  func idempotence() async throws {
    try await withTopology { data, topology in
      let arguments = ["setup", "--data", data, "--topology", topology]
      #expect(try await Executable().run(arguments).status == 0)
      let first = try contents(of: data)
      #expect(try await Executable().run(arguments).status == 0)
      #expect(try contents(of: data) == first)

      for file in ["config/profiles.json", "keys/public.json"] {
        try FileManager.default.removeItem(atPath: "\(data)/\(file)")
      }
      try Data("{".utf8).write(to: URL(filePath: "\(data)/config/gateway.json.new"))
      #expect(try await Executable().run(arguments).status == 0)
      var completed = try contents(of: data)
      completed["config/gateway.json.new"] = nil
      #expect(completed == first)
    }
  }

  @Test("the administrator's key is made once, and what is kept is its secret")
  func administrator() async throws {
    try await withTopology { data, topology in
      let arguments = ["setup", "--data", data, "--topology", topology]
      #expect(try await Executable().run(arguments).status == 0)
      let first = try String(contentsOfFile: "\(data)/keys/administrator.key", encoding: .utf8)
      #expect(first.hasSuffix("\n"))
      #expect(first.hasPrefix("rk_"))
      // Whoever has moved the file away keeps the key: no second one is made.
      try FileManager.default.removeItem(atPath: "\(data)/keys/administrator.key")
      #expect(try await Executable().run(arguments).status == 0)
      #expect(!FileManager.default.fileExists(atPath: "\(data)/keys/administrator.key"))
    }
  }

  @Test("everything it writes is its owner's alone")
  func modes() async throws {
    try await withTopology { data, topology in
      #expect(try await Executable().run("setup", "--data", data, "--topology", topology).status == 0)
      for path in try FileManager.default.subpathsOfDirectory(atPath: data) {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(data)/\(path)")
        let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
        #expect(attributes[.posixPermissions] as? Int == (isFolder ? 0o700 : 0o600), "\(path)")
      }
    }
  }

  @Test("two runs at once end with one set of secrets")
  func together() async throws {
    try await withTopology { data, topology in
      let arguments = ["setup", "--data", data, "--topology", topology]
      async let one = Executable().run(arguments)
      async let other = Executable().run(arguments)
      #expect(try await [one.status, other.status] == [0, 0])
      let settings = try Settings(environment: [:], file: "\(data)/config/profiles.json")
      let configuration = try ServiceConfiguration(from: settings)
      let published = try contents(of: data)["keys/public.json"]
      #expect(try await Executable().run(arguments).status == 0)
      #expect(try contents(of: data)["keys/public.json"] == published)
      #expect(try configuration.database.password?.value().isEmpty == false)
    }
  }

  @Test("a damaged secret is named, and never replaced")
  func damagedSecret() async throws {
    try await withTopology { data, topology in
      let arguments = ["setup", "--data", data, "--topology", topology, "-o", "json"]
      #expect(try await Executable().run(arguments).status == 0)
      try Data("AAAA\n".utf8).write(to: URL(filePath: "\(data)/keys/profiles.key"))
      let setup = try await Executable().run(arguments)
      #expect(setup.status == 1)
      #expect(setup.lastErrorLine.contains("keys/profiles.key"))
      #expect(try String(contentsOfFile: "\(data)/keys/profiles.key", encoding: .utf8) == "AAAA\n")
    }
  }

  @Test(
    "a topology that cannot be used is refused with the place",
    arguments: [
      ("{", "it is not JSON"), (#"{"services":{}}"#, "database is missing"),
      (#"{"database":{"host":"h","port":"x"},"services":{}}"#, "database."),
      (
        #"{"database":{"host":"h","port":1,"name":"r","administrator":"a"},"services":{"mail":{"rpc":"a:1","admin":"a:2"}}}"#,
        "services.mail is no service"
      ),
      (
        #"{"database":{"host":"h","port":1,"name":"r","administrator":"a"},"services":{"forms":{"rpc":"x","admin":"a:2"}}}"#,
        "services.forms.rpc"
      ),
    ])
  func badTopology(text: String, place: String) async throws {
    try await withTemporaryFolder { folder in
      try text.write(toFile: "\(folder)/topology.json", atomically: true, encoding: .utf8)
      let setup = try await Executable().run(
        "setup", "--data", "\(folder)/data", "--topology", "\(folder)/topology.json")
      #expect(setup.status == 1)
      #expect(setup.errors.contains(place), "\(setup.errors)")
    }
  }
}
