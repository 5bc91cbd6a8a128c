internal import CMessages

extension ProtobufCFieldDescriptor {
  var isRepeated: Bool { label == PROTOBUF_C_LABEL_REPEATED }
  var isMessage: Bool { type == PROTOBUF_C_TYPE_MESSAGE }
  var isBytes: Bool { type == PROTOBUF_C_TYPE_BYTES }
  var isBool: Bool { type == PROTOBUF_C_TYPE_BOOL }
  var isInOneof: Bool { flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0 }

  /// The message that the field holds.
  var messageType: UnsafePointer<ProtobufCMessageDescriptor>? {
    descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
  }

  /// The wire type of one value.
  var wireType: UInt8 {
    switch type {
    case PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE: 1
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE: 2
    case PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_FLOAT: 5
    default: 0
    }
  }

  /// What one value takes in a C array, in bytes.
  var elementSize: Int {
    switch type {
    case PROTOBUF_C_TYPE_BYTES: 16
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_SFIXED64,
      PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_STRING:
      8
    default: 4
    }
  }
}

extension UnsafePointer<ProtobufCMessageDescriptor> {
  /// The full proto name.
  var name: String { String(cString: pointee.name) }

  /// The field of this number.
  @inline(__always)
  func field(_ number: UInt32) -> UnsafePointer<ProtobufCFieldDescriptor>? {
    guard let fields = pointee.fields else { return nil }
    let count = Int(pointee.n_fields)
    // Most messages number their fields from 1 without a gap.
    let guess = Int(number) - 1
    if guess < count, fields[guess].id == number { return fields + guess }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if fields[middle].id < number { low = middle + 1 } else { high = middle }
    }
    return low < count && fields[low].id == number ? fields + low : nil
  }
}
