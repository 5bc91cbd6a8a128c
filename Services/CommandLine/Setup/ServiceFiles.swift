import ServiceKit

/// Where one service finds its configuration and its secrets.
struct ServiceFiles: Sendable {
  /// The service's configuration.
  let configuration: PrivateFile
  private let keys: KeyFolder
  private let own: PrivateFolder?

  /// - Parameter isApart: in a folder of the service's own, `services/NAME`; else beside the others'.
  init(of service: ServiceName, in data: PrivateFolder, keys: KeyFolder, isApart: Bool) throws {
    self.keys = keys
    if isApart {
      let own = try PrivateFolder(making: PrivateFolder(making: "\(data.path)/services").path + "/\(service)")
      configuration = own.file("configuration.json")
      self.own = own
    } else {
      configuration = try PrivateFolder(making: "\(data.path)/config").file("\(service).json")
      own = nil
    }
  }

  /// Where the service finds a file of the folder of keys, which must be there.
  func path(_ name: String) throws -> String {
    guard let own else { return keys.path(name) }
    try keys.copy(name, to: own)
    return own.file(name).path
  }
}
