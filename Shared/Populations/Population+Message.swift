package import Messages

extension Population {
  /// Opens what another service sent.
  ///
  /// - Throws: ``PopulationError``: nothing of it is used before its checksum and its every rule hold.
  package init(_ message: InternalV1.Population) throws(PopulationError) {
    try self.init(portable: message.bitmap, checksum: message.checksum)
  }

  /// As services send it to each other.
  package var message: InternalV1.Population {
    var message = InternalV1.Population()
    message.bitmap = portable
    message.checksum = Self.checksum(of: message.bitmap)
    return message
  }
}
