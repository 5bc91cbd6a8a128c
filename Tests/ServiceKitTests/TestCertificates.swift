import Foundation
import NIOPosix

/// An authority, and a certificate of "localhost" that it signed, made by openssl in a folder of their own.
struct TestCertificates: Sendable {
  private let folder: String

  struct Failure: Error {}

  init() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rapport-tls-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    self.folder = folder
    try await NIOThreadPool.singleton.runIfActive {
      let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
      try Self.openssl(
        ["req", "-x509", "-subj", "/CN=Test authority", "-keyout", "\(folder)/ca.key", "-out", "\(folder)/ca.pem"] + key
      )
      try Self.openssl(
        [
          "req", "-x509", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
          "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "\(folder)/ca.pem", "-CAkey", "\(folder)/ca.key",
          "-keyout", "\(folder)/own.key", "-out", "\(folder)/own.pem",
        ] + key)
    }
  }

  /// The configuration of a process that uses them.
  var environment: [String: String] {
    [
      "RAPPORT_TLS_CERTIFICATE_FILE": "\(folder)/own.pem", "RAPPORT_TLS_KEY_FILE": "\(folder)/own.key",
      "RAPPORT_TLS_AUTHORITIES_FILE": "\(folder)/ca.pem",
    ]
  }

  func remove() {
    try? FileManager.default.removeItem(atPath: folder)
  }

  private static func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure() }
  }
}
