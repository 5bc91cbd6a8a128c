package import NIOCore
package import NIOSSL

/// Where an ``HTTPServer`` listens, and what it refuses.
package struct HTTPServerConfiguration: Sendable {
  /// Host name or address to bind.
  package var host: String
  /// TCP port to bind; 0 lets the system choose.
  package var port: Int
  /// Certificates, when the server speaks TLS itself.
  package var tls: TLSConfiguration?
  /// Bytes of all names and values of one request's header fields. Default 16 KiB; more is answered 400.
  package var maximumHeaderBytes = 16 * 1024
  /// Header fields of one request. Default 100; more is answered 400.
  package var maximumHeaderCount = 100
  /// Bytes of a request's target. Default 8 KiB; more is answered 414.
  package var maximumTargetBytes = 8 * 1024
  /// Bytes of a request's body, where its route states no other limit. Default 64 KiB; more is answered 413.
  package var maximumBodyBytes = 64 * 1024
  /// Connections open at once. Default 10,000; one more is closed at once.
  package var maximumConnections = 10_000
  /// From the opening of a connection, or the end of an answer, until the next request's header is complete.
  /// Default 30 s; then the connection is closed.
  package var idleTime: TimeAmount = .seconds(30)
  /// From a request's header until its body's last byte. Default 30 s; then 408.
  package var bodyTime: TimeAmount = .seconds(30)
  /// From a request's last byte until the answer's last byte was taken, or between two pieces of a streamed answer.
  /// Default 60 s; then the handler is cancelled and the connection closed.
  package var answerTime: TimeAmount = .seconds(60)

  /// A configuration with the default limits.
  package init(host: String, port: Int, tls: TLSConfiguration? = nil) {
    self.host = host
    self.port = port
    self.tls = tls
  }
}
