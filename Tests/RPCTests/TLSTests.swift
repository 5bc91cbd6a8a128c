import EchoService
import NIOSSL
import RPC
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
  @Test("calls go over TLS when the client trusts the server's certificate")
  func trusted() async throws {
    var server = ServerConfiguration()
    server.tls = ServerTLS(certificates: [try certificate()], privateKey: try privateKey())
    let client = ClientConfiguration(tls: ClientTLS(roots: [try certificate()], serverName: "localhost"))
    try await EchoFixture.run(server: server, client: client) { echo in
      let large = Blob([UInt8](repeating: 7, count: 1_000_000))
      let answer = try await echo.client.call(Echo.echo, large)
      #expect(answer == large)
    }
  }

  @Test("a server that asks for a certificate takes a client that has one, and no other", arguments: [true, false])
  func mutual(hasCertificate: Bool) async throws {
    var server = ServerConfiguration()
    server.tls = ServerTLS(
      certificates: [try certificate()], privateKey: try privateKey(), clientRoots: [try certificate()])
    let tls = ClientTLS(
      roots: [try certificate()], serverName: "localhost", certificates: hasCertificate ? [try certificate()] : [],
      privateKey: hasCertificate ? try privateKey() : nil)
    try await EchoFixture.run(server: server, client: ClientConfiguration(tls: tls)) { echo in
      let answer = try? await echo.client.call(Echo.echo, Blob("x"))
      #expect(answer == (hasCertificate ? Blob("x") : nil))
    }
  }

  @Test("a server that nobody vouches for is not called")
  func untrusted() async throws {
    var server = ServerConfiguration()
    server.tls = ServerTLS(certificates: [try certificate()], privateKey: try privateKey())
    let client = ClientConfiguration(tls: ClientTLS(roots: [], serverName: "localhost"))
    try await EchoFixture.run(server: server, client: client) { echo in
      let error = await #expect(throws: RPCError.self) { try await echo.client.call(Echo.echo, Blob()) }
      #expect(error?.code == .unavailable)
    }
  }

  private func certificate() throws -> NIOSSLCertificate {
    try NIOSSLCertificate(bytes: Array(Self.certificateText.utf8), format: .pem)
  }

  private func privateKey() throws -> NIOSSLPrivateKey {
    try NIOSSLPrivateKey(bytes: Array(Self.keyText.utf8), format: .pem)
  }

  /// A key for tests and nothing else.
  private static let keyText = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9xQ8uEw6y/CrRX/c
    Z/AQoJ7C51edWmsk6I+MocNAUROhRANCAAQqL5UVUV9cXwvz+rxiyA92oc/KPRYs
    iWkdc22E2m/DnCF5zckLGe2zFkqQ4BOkie46aQ47dqGzPvRyjE+qpl7u
    -----END PRIVATE KEY-----
    """

  /// Signed by itself, for localhost, valid until 2120.
  private static let certificateText = """
    -----BEGIN CERTIFICATE-----
    MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
    c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
    CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCovlRVRX1xfC/P6
    vGLID3ahz8o9FiyJaR1zbYTab8OcIXnNyQsZ7bMWSpDgE6SJ7jppDjt2obM+9HKM
    T6qmXu6jTjBMMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFCsXyFd/mottPkCU
    su/v0Nj9nEaTMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAKBggqhkjOPQQD
    AgNIADBFAiEAyuCS756Z2A2J53OYrii/tGxB3IbjTvU4nBI5QszoxMkCIBFHoKCs
    USR4g/9kkmB8ZVIw0lbDKK3R5loOvU2BAe3L
    -----END CERTIFICATE-----
    """
}
