import Messages
package import Logging
import RPC

extension Logger.MetadataProvider {
  /// The id and method of the call that the current task serves.
  package static let currentCall = Logger.MetadataProvider {
    guard let call = Call.current else {
      return [:]
    }
    return ["request": .string(call.id), "method": .string(call.method?.path ?? "unknown")]
  }
}
