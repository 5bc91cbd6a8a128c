/// A .proto file.
public final class FileDescriptor: Sendable {
  /// Its path below the import root: `rapport/profiles/v1/profiles.proto`.
  public let name: String

  /// The files that it imports.
  public let imports: [FileDescriptor]

  /// Its `google.protobuf.FileDescriptorProto`, encoded, without comments: what reflection hands out.
  public let serialized: [UInt8]

  init(name: String, imports: [FileDescriptor], serialized: [UInt8]) {
    self.name = name
    self.imports = imports
    self.serialized = serialized
  }
}
