public import NIOSSL

/// The server's side of TLS. ALPN `h2` is required of the client (RFC 9113 §3.2).
public struct ServerTLS: Sendable {
  /// The certificate, then those that signed it.
  public var certificates: [NIOSSLCertificate]
  /// The key of the first certificate.
  public var privateKey: NIOSSLPrivateKey
  /// Who may have signed a client's certificate; nil asks for none.
  public var clientRoots: [NIOSSLCertificate]?

  /// The server's side of TLS.
  public init(
    certificates: [NIOSSLCertificate], privateKey: NIOSSLPrivateKey, clientRoots: [NIOSSLCertificate]? = nil
  ) {
    self.certificates = certificates
    self.privateKey = privateKey
    self.clientRoots = clientRoots
  }
}

extension ServerTLS {
  func context() throws -> NIOSSLContext {
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    tls.minimumTLSVersion = .tlsv12
    tls.applicationProtocols = ["h2"]
    if let clientRoots {
      tls.trustRoots = .certificates(clientRoots)
      tls.certificateVerification = .noHostnameVerification
    }
    return try NIOSSLContext(configuration: tls)
  }
}

/// The client's side of TLS.
public struct ClientTLS: Sendable {
  /// Who may have signed the server's certificate; nil means those that the system trusts.
  public var roots: [NIOSSLCertificate]?
  /// The name that the certificate must hold; nil means the address's host.
  public var serverName: String?
  /// This client's certificate and those that signed it; empty for none.
  public var certificates: [NIOSSLCertificate]
  /// The key of the first certificate.
  public var privateKey: NIOSSLPrivateKey?

  /// The client's side of TLS.
  public init(
    roots: [NIOSSLCertificate]? = nil, serverName: String? = nil, certificates: [NIOSSLCertificate] = [],
    privateKey: NIOSSLPrivateKey? = nil
  ) {
    self.roots = roots
    self.serverName = serverName
    self.certificates = certificates
    self.privateKey = privateKey
  }
}

extension ClientTLS {
  func context() throws -> NIOSSLContext {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    tls.applicationProtocols = ["h2"]
    if let roots { tls.trustRoots = .certificates(roots) }
    tls.certificateChain = certificates.map { .certificate($0) }
    tls.privateKey = privateKey.map { .privateKey($0) }
    return try NIOSSLContext(configuration: tls)
  }
}
