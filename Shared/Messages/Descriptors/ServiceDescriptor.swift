/// A service of a .proto file.
public struct ServiceDescriptor: Sendable {
  /// The full name: `rapport.profiles.v1.Profiles`.
  public let name: String

  /// Its methods, in the order of the .proto file.
  public let methods: [MethodInfo]

  /// The file that declares it, with the files that it imports: what reflection hands out.
  public let file: FileDescriptor

  /// The method of this name, such as `GetProfile`.
  public func method(named name: String) -> MethodInfo? { methods.first { $0.name == name } }
}
