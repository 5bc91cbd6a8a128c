/// Everything that the suite's .proto files declare, the imported ones of google and grpc included.
public enum MessageRegistry {
  /// All files.
  public static var files: [FileDescriptor] { MessagesFiles.all }

  /// All services, internal ones, health and reflection included; by file and place.
  public static let services: [ServiceDescriptor] = files.flatMap(\.services)

  private static let messages: [String: MessageDescriptor] = Dictionary(
    uniqueKeysWithValues: files.flatMap(\.messages).map { ($0.name, $0) })

  private static let methods: [String: MethodInfo] = Dictionary(
    uniqueKeysWithValues: services.flatMap(\.methods).map { ($0.path, $0) })

  /// The message of this full proto name; nil where the suite has none.
  public static func message(named name: String) -> MessageDescriptor? { messages[name] }

  /// The method of this path, such as `/rapport.profiles.v1.Profiles/GetProfile`.
  public static func method(path: String) -> MethodInfo? { methods[path] }
}
