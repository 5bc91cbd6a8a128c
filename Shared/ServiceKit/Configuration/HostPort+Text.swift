package import RPC

extension HostPort {
  /// Reads `host:port`, with brackets around an IPv6 address: `127.0.0.1:7001`, `[::1]:7001`, `profiles:7001`.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65_535).contains(port)
    else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, host.allSatisfy({ !$0.isWhitespace }) else {
      return nil
    }
    self.init(host: String(host), port: port)
  }
}
