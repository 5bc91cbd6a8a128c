package import Logging
import Values

/// A log handler that writes a JSON object a line: time, level, service, message, the current call, metadata.
///
/// It keeps values out of the log where it can tell them: an error is written as its type, and for the suite's own
/// errors as the code and reason they carry for this; other objects are written by their type only. Texts are written as given, so a
/// caller never puts a value that it was sent into a message or into metadata.
package struct LogLines: LogHandler {
  /// Least level that is written.
  package var logLevel: Logger.Level
  /// Metadata of every line.
  package var metadata: Logger.Metadata = [:]
  /// Metadata taken from where the line is logged.
  package var metadataProvider: Logger.MetadataProvider?

  private let service: String
  private let sink: any LogSink
  private let time: any TimeSource

  /// A handler for one logger.
  package init(
    service: String, level: Logger.Level, sink: any LogSink, time: any TimeSource,
    metadataProvider: Logger.MetadataProvider? = .currentCall
  ) {
    self.service = service
    self.logLevel = level
    self.sink = sink
    self.time = time
    self.metadataProvider = metadataProvider
  }

  /// Metadata of every line, by key.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one line.
  package func log(event: LogEvent) {
    var line = JSONLineWriter()
    line.field("time", time.now.description)
    line.field("level", event.level.rawValue)
    line.field("service", service)
    line.field("message", event.message.description)
    if let error = event.error {
      line.field("error", loggable(error))
    }
    var all = metadata
    if let metadataProvider {
      all.merge(metadataProvider.get()) { _, new in new }
    }
    if let own = event.metadata {
      all.merge(own) { _, new in new }
    }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) where !Self.ownFields.contains(key) {
      line.field(key, raw: { $0.append(value) })
    }
    line.end()
    sink.write(line.bytes)
  }

  private static let ownFields: Set<String> = ["time", "level", "service", "message"]
}

extension JSONLineWriter {
  fileprivate mutating func append(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text):
      string(text)
    case .stringConvertible(let object):
      string(loggable(object))
    case .array(let values):
      open("[")
      for value in values {
        element { $0.append(value) }
      }
      close("]")
    case .dictionary(let values):
      open("{")
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        field(key, raw: { $0.append(value) })
      }
      close("}")
    }
  }
}
