import Foundation
import ServiceKit
import Testing

@testable import Forms

@Suite("The configuration")
struct ConfigurationTests {
  private func configuration(base: String, secret: String) throws -> FormsConfiguration {
    let folder = FileManager.default.temporaryDirectory.appending(path: "forms-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "secret")
    try Data("\(secret)\n".utf8).write(to: file)
    let settings = try Settings(
      environment: ["RAPPORT_PUBLIC_BASE_URL": base, "RAPPORT_LINKS_SECRET_FILE": file.path], file: nil)
    let configuration = try FormsConfiguration(from: settings)
    _ = try configuration.linkSecret()
    return configuration
  }

  private let secret = String(repeating: "s", count: 32)

  @Test(
    "takes https, and http on this machine alone",
    arguments: [
      ("https://pages.example.com", true), ("https://pages.example.com/a/", true), ("http://127.0.0.1:8080", true),
      ("http://localhost", true), ("http://pages.example.com", false), ("http://127.0.0.1.example.com", false),
      ("ftp://pages.example.com", false), ("pages.example.com", false), ("https://x?y", false), ("https://", false),
    ])
  func base(text: String, isTaken: Bool) throws {
    if isTaken {
      #expect(try !configuration(base: text, secret: secret).publicBase.hasSuffix("/"))
    } else {
      #expect(throws: ConfigurationError.self) { try configuration(base: text, secret: secret) }
    }
  }

  @Test("refuses a secret that is too short")
  func shortSecret() throws {
    #expect(throws: ConfigurationError.self) { try configuration(base: "https://x.test", secret: "short") }
  }
}
