/// A resource name within a request.
public struct FoundResourceName: Sendable, Hashable {
  /// Where it stands: `criterion.all[2].list`.
  public let path: String

  /// The name as it was sent.
  public let value: String

  /// The kind of resource that the field names.
  public let resource: ResourceReference
}

/// Finds the resources that a message names, in the wire format, without decoding the rest.
public enum ResourceNames {
  /// The message that holds another one by its name.
  static let any = "google.protobuf.Any"
}
