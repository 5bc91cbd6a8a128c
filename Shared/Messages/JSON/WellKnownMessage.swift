/// A message of google.protobuf whose JSON is not an object of its fields.
enum WellKnownMessage {
  case timestamp, duration, fieldMask, wrapper, structure, value, listValue, any

  /// - Returns: nil for all other messages.
  init?(_ message: MessageDescriptor) {
    guard message.file.package == "google.protobuf" else { return nil }
    switch message.name {
    case "google.protobuf.Timestamp": self = .timestamp
    case "google.protobuf.Duration": self = .duration
    case "google.protobuf.FieldMask": self = .fieldMask
    case "google.protobuf.Struct": self = .structure
    case "google.protobuf.Value": self = .value
    case "google.protobuf.ListValue": self = .listValue
    case "google.protobuf.Any": self = .any
    case "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.Int64Value",
      "google.protobuf.UInt64Value", "google.protobuf.Int32Value", "google.protobuf.UInt32Value",
      "google.protobuf.BoolValue", "google.protobuf.StringValue", "google.protobuf.BytesValue":
      self = .wrapper
    default: return nil
    }
  }

  /// What an Any's URL names: all behind the last slash, which there must be.
  static func typeName(ofURL url: String) -> String? {
    url.lastIndex(of: "/").map { String(url[url.index(after: $0)...]) }
  }
}
