public import NIOSSL

/// The PEM files that TLS material comes from. New connections use what is in them when they are made, without a
/// restart; connections that are open stay as they are.
///
/// Files that do not fit together, as when one is replaced and the other not yet, change nothing.
public struct TLSFiles: Sendable, Hashable {
  /// The file with the certificate, then those that signed it; nil for a client without one.
  public var certificates: String?
  /// The file with the key of the first certificate.
  public var privateKey: String?
  /// The file with the certificates of those who may sign the peers'; nil for a server that asks for none, and for a
  /// client that believes whom the system does.
  public var authorities: String?

  /// Files of PEM.
  public init(certificates: String? = nil, privateKey: String? = nil, authorities: String? = nil) {
    self.certificates = certificates
    self.privateKey = privateKey
    self.authorities = authorities
  }
}

/// The server's side of TLS, 1.2 at least. It offers `h2` by ALPN (RFC 9113 §3.2).
public struct ServerTLS: Sendable {
  /// The certificate, then those that signed it.
  public var certificates: [NIOSSLCertificate]
  /// The key of the first certificate.
  public var privateKey: NIOSSLPrivateKey
  /// Who may have signed a client's certificate; nil asks for none.
  public var clientRoots: [NIOSSLCertificate]?
  /// Where the rest was read, and is read again when a file changes; nil for what stays.
  public private(set) var files: TLSFiles?

  /// The server's side of TLS, which stays as it is.
  public init(
    certificates: [NIOSSLCertificate], privateKey: NIOSSLPrivateKey, clientRoots: [NIOSSLCertificate]? = nil
  ) {
    self.certificates = certificates
    self.privateKey = privateKey
    self.clientRoots = clientRoots
  }

  /// The server's side of TLS, as these files have it; with authorities it asks clients for certificates.
  ///
  /// - Throws: NIOSSL's error for a file that is missing or no PEM.
  public init(files: TLSFiles) throws {
    certificates = try files.readCertificates()
    privateKey = try NIOSSLPrivateKey(file: files.privateKey ?? "", format: .pem)
    clientRoots = try files.readAuthorities()
    self.files = files
  }
}

extension ServerTLS: TLSMaterial {
  func reread() throws -> ServerTLS {
    try files.map { try ServerTLS(files: $0) } ?? self
  }

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

/// The client's side of TLS, 1.2 at least. It offers `h2` by ALPN (RFC 9113 §3.2).
public struct ClientTLS: Sendable {
  /// Who may have signed the server's certificate; nil means those that the system trusts.
  public var roots: [NIOSSLCertificate]?
  /// The name that the certificate must hold; nil means the address's host.
  public var serverName: String?
  /// This client's certificate and those that signed it; empty for none.
  public var certificates: [NIOSSLCertificate]
  /// The key of the first certificate.
  public var privateKey: NIOSSLPrivateKey?
  /// Where the rest was read, and is read again when a file changes; nil for what stays.
  public private(set) var files: TLSFiles?

  /// The client's side of TLS, which stays as it is.
  public init(
    roots: [NIOSSLCertificate]? = nil, serverName: String? = nil, certificates: [NIOSSLCertificate] = [],
    privateKey: NIOSSLPrivateKey? = nil
  ) {
    self.roots = roots
    self.serverName = serverName
    self.certificates = certificates
    self.privateKey = privateKey
  }

  /// The client's side of TLS, as these files have it.
  ///
  /// - Throws: NIOSSL's error for a file that is missing or no PEM.
  public init(files: TLSFiles, serverName: String? = nil) throws {
    roots = try files.readAuthorities()
    self.serverName = serverName
    certificates = try files.readCertificates()
    privateKey = try files.privateKey.map { try NIOSSLPrivateKey(file: $0, format: .pem) }
    self.files = files
  }
}

extension ClientTLS: TLSMaterial {
  func reread() throws -> ClientTLS {
    try files.map { try ClientTLS(files: $0, serverName: serverName) } ?? self
  }

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

extension TLSFiles {
  fileprivate func readCertificates() throws -> [NIOSSLCertificate] {
    try certificates.map { try NIOSSLCertificate.fromPEMFile($0) } ?? []
  }

  fileprivate func readAuthorities() throws -> [NIOSSLCertificate]? {
    try authorities.map { try NIOSSLCertificate.fromPEMFile($0) }
  }
}
