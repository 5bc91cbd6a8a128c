import NIOSSL
package import RPC

/// How a process proves itself to its peers on the way, and whom it believes: both sides of a connection between services
/// show a certificate. Without files everything travels in clear, which is for loopback. Files that are replaced are used
/// for all connections that are made from then on.
package struct TLSSettings: Sendable, Hashable {
  /// The process's certificate.
  package static let certificateFile = Setting<String?>(
    optional: "tls.certificateFile", "PEM file with this process's certificate, then those that signed it.")
  /// The certificate's key.
  package static let keyFile = Setting<String?>(optional: "tls.keyFile", "PEM file with the certificate's private key.")
  /// Who signs peers' certificates.
  package static let authoritiesFile = Setting<String?>(
    optional: "tls.authoritiesFile", "PEM file with the certificates of those who sign the peers' certificates.")
  /// Whether callers show a certificate too. Default true; false for a gateway, whose callers have tokens.
  package static let requiresClientCertificate = Setting<Bool>(
    "tls.requireClientCertificate", default: true,
    "Whether callers must show a certificate; false for the gateway, whose callers have tokens.")

  private let certificateFile: String
  private let keyFile: String
  private let authoritiesFile: String
  private let requiresClientCertificate: Bool

  /// Reads the configuration; nil when no file is given.
  ///
  /// - Throws: ``ConfigurationError`` when some of the three files are given and not all.
  package init?(from settings: Settings) throws {
    let files = [
      try settings.get(Self.certificateFile), try settings.get(Self.keyFile), try settings.get(Self.authoritiesFile),
    ]
    requiresClientCertificate = try settings.get(Self.requiresClientCertificate)
    let given = files.compactMap(\.self)
    guard !given.isEmpty else {
      return nil
    }
    guard given.count == files.count else {
      throw ConfigurationError(
        "tls.certificateFile, tls.keyFile and tls.authoritiesFile belong together: give all three, or none.")
    }
    certificateFile = given[0]
    keyFile = given[1]
    authoritiesFile = given[2]
  }

  /// The side of the gRPC server.
  ///
  /// - Throws: ``ConfigurationError`` naming a file that cannot be used.
  package func server() throws -> ServerTLS {
    try check()
    return try ServerTLS(
      files: TLSFiles(
        certificates: certificateFile, privateKey: keyFile,
        authorities: requiresClientCertificate ? authoritiesFile : nil))
  }

  /// The side of the clients of other services.
  ///
  /// - Throws: ``ConfigurationError`` naming a file that cannot be used.
  package func client() throws -> ClientTLS {
    try check()
    return try ClientTLS(
      files: TLSFiles(certificates: certificateFile, privateKey: keyFile, authorities: authoritiesFile))
  }

  /// Finds the file that is at fault.
  private func check() throws {
    for file in [certificateFile, authoritiesFile] {
      guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
        throw ConfigurationError.unreadable(file: file, why: "it must hold certificates as PEM")
      }
    }
    if (try? NIOSSLPrivateKey(file: keyFile, format: .pem)) == nil {
      throw ConfigurationError.unreadable(file: keyFile, why: "it must hold a private key as PEM")
    }
  }
}
