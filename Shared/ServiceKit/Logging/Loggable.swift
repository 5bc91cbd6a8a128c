import Database
import RPC

/// What may be written of an object that is not a text: numbers and the like as they are, errors by what their type
/// states for logs, everything else by its type, since its description may hold values.
func loggable(_ object: Any) -> String {
  switch object {
  case let number as any BinaryInteger: "\(number)"
  case let number as any BinaryFloatingPoint: "\(number)"
  case let flag as Bool: "\(flag)"
  case let duration as Duration: "\(duration)"
  case let address as HostPort: "\(address)"
  case let error as RPCError: loggable(error)
  case let error as DatabaseError: "\(error)"  // never holds values
  case let error as ConfigurationError: error.description
  case let text as String: text
  default: "\(type(of: object))"
  }
}

// The message is meant for the caller and may name what the caller sent; the code and the reason do not.
private func loggable(_ error: RPCError) -> String {
  var text = "\(error.code)"
  if let reason = error.reason {
    text += " \(reason)"
  }
  if let cause = error.cause {
    text += " (\(loggable(cause)))"
  }
  return text
}
