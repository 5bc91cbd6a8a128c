/// Everything that the suite's .proto files declare.
public enum MessageRegistry {
  /// The message of this full proto name; nil where the suite has none.
  public static func message(named name: String) -> MessageDescriptor? { nil }

  /// All services, internal ones, health and reflection included.
  public static var services: [ServiceDescriptor] { [] }

  /// The method of this path, such as `/rapport.profiles.v1.Profiles/GetProfile`.
  public static func method(path: String) -> MethodInfo? { nil }
}
