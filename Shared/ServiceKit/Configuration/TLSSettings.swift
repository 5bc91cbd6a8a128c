import NIOSSL
package import RPC

/// How a process proves itself to its peers on the way, and whom it believes: both sides of a connection between services
/// show a certificate. Without files everything travels in clear, which is for loopback.
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
    ServerTLS(
      certificates: try certificates(in: certificateFile), privateKey: try key(),
      clientRoots: requiresClientCertificate ? try certificates(in: authoritiesFile) : nil)
  }

  /// The side of the clients of other services.
  ///
  /// - Throws: ``ConfigurationError`` naming a file that cannot be used.
  package func client() throws -> ClientTLS {
    ClientTLS(
      roots: try certificates(in: authoritiesFile), certificates: try certificates(in: certificateFile),
      privateKey: try key())
  }

  private func certificates(in file: String) throws -> [NIOSSLCertificate] {
    guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
      throw ConfigurationError.unreadable(file: file, why: "it must hold certificates as PEM")
    }
    return certificates
  }

  private func key() throws -> NIOSSLPrivateKey {
    do {
      return try NIOSSLPrivateKey(file: keyFile, format: .pem)
    } catch {
      throw ConfigurationError.unreadable(file: keyFile, why: "it must hold a private key as PEM")
    }
  }
}
