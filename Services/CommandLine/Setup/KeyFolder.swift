import Crypto
import Foundation
import RPC
import ServiceKit

/// The suite's secrets under the data folder, each drawn once and kept for ever after.
struct KeyFolder: Sendable {
  private let folder: PrivateFolder

  init(_ folder: PrivateFolder) {
    self.folder = folder
  }

  /// The file of the first key, which may do everything.
  static let administrator = "administrator.key"

  /// The file of a service's private key.
  static func identity(of service: ServiceName) -> String { "\(service).key" }

  /// The file of the password of a service's login of calls.
  static func password(of service: ServiceName) -> String { "\(service).password" }

  /// The file of the password of a service's login of schema operations.
  static func ddlPassword(of service: ServiceName) -> String { "\(service).ddl-password" }

  /// The file of the secret that a service's links are signed with.
  static func linkSecret(of service: ServiceName) -> String { "\(service).link-secret" }

  /// The file of the services' public keys.
  static let publicKeys = "public.json"

  /// The path of a secret's file.
  func path(_ name: String) -> String {
    folder.file(name).path
  }

  /// A service's Ed25519 key pair, made if it is missing: 32 bytes in base64.
  ///
  /// - Returns: The public half.
  func keyPair(of service: ServiceName) throws -> Curve25519.Signing.PublicKey {
    let name = Self.identity(of: service)
    let text = try secret(name) { Curve25519.Signing.PrivateKey().rawRepresentation.base64EncodedString() }
    guard let seed = Data(base64Encoded: text), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    else { throw damaged(name, should: "hold 32 bytes in base64") }
    return key.publicKey
  }

  /// A secret of 32 random bytes, in base64 that may stand in an address.
  func secret(_ name: String) throws -> String {
    try secret(name) {
      SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
        .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
  }

  /// The first line of a file, which is made when there is none.
  func secret(_ name: String, draw: () throws -> String) throws -> String {
    let file = folder.file(name)
    guard let data = try file.read() else {
      let drawn = try draw()
      try file.write(Data("\(drawn)\n".utf8))
      return drawn
    }
    guard let line = String(data: data, encoding: .utf8)?.split(whereSeparator: \.isNewline).first else {
      throw damaged(name, should: "hold a secret on its first line")
    }
    return String(line)
  }

  /// Stores a secret that was drawn elsewhere in place of what is there.
  func replace(_ name: String, with secret: String) throws {
    try folder.file(name).write(Data("\(secret)\n".utf8))
  }

  /// Copies a file of this folder to another one.
  func copy(_ name: String, to other: PrivateFolder) throws {
    guard let content = try folder.file(name).read() else { throw damaged(name, should: "be there") }
    try other.file(name).update(content)
  }

  /// Writes every service's public key where the others look for it.
  func publish(_ keys: [ServiceName: Curve25519.Signing.PublicKey]) throws {
    let file = folder.file(Self.publicKeys)
    let content = Dictionary(
      uniqueKeysWithValues: keys.map { ($0.key.rawValue, [$0.value.rawRepresentation.base64EncodedString()]) })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try file.update(encoder.encode(content))
  }

  // A new one in its place would shut out whoever holds the old one, so that is not for us to decide.
  private func damaged(_ name: String, should: String) -> CommandError {
    CommandError(
      .dataLoss,
      "\(path(name)) should \(should), and does not. Restore it from a backup, or remove it to have a new one made.")
  }
}
