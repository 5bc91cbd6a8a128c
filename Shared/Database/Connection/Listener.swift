import Logging
import Synchronization

/// One connection that listens on behalf of all subscribers, made with the first and kept from then on.
final class Listener: Sendable {
  private typealias Subscriber = AsyncStream<Database.Notification>.Continuation

  private struct State {
    var subscribers: [String: [UInt64: Subscriber]] = [:]
    var lastID: UInt64 = 0
    var connection: Connection?
    var keeper: Task<Void, Never>?
    var isClosed = false
  }

  private let parameters: ConnectionParameters
  private let door: Door
  private let logger: Logger
  private let state = Mutex(State())

  /// Events that wait for a slow subscriber; it polls anyway after each.
  private static let buffer = 64

  init(_ parameters: ConnectionParameters, door: Door, logger: Logger) {
    self.parameters = parameters
    self.door = door
    self.logger = logger
  }

  func listen(to channel: String) -> AsyncStream<Database.Notification> {
    let (stream, subscriber) = AsyncStream<Database.Notification>.makeStream(
      bufferingPolicy: .bufferingNewest(Self.buffer))
    let (id, exchange) = state.withLock { state -> (UInt64, Exchange?) in
      guard !state.isClosed, (try? quoted(channel)) != nil else { return (0, nil) }
      state.lastID += 1
      state.subscribers[channel, default: [:]][state.lastID] = subscriber
      if state.keeper == nil { state.keeper = Task { await keep() } }
      // Without a connection, the next one begins with all channels.
      return (state.lastID, state.connection.map { Self.command("listen", channel, on: $0) })
    }
    guard id > 0 else {
      subscriber.finish()
      return stream
    }
    subscriber.onTermination = { [weak self] _ in self?.unsubscribe(id, from: channel) }
    if let exchange { Task { await announce(exchange, to: [subscriber]) } }
    return stream
  }

  func shutdown() {
    let (subscribers, keeper, connection) = state.withLock { state in
      state.isClosed = true
      return (state.subscribers.values.flatMap(\.values), state.keeper, state.connection)
    }
    keeper?.cancel()
    connection?.release()
    for subscriber in subscribers { subscriber.finish() }
  }

  private func unsubscribe(_ id: UInt64, from channel: String) {
    state.withLock { state in
      state.subscribers[channel]?[id] = nil
      guard state.subscribers[channel]?.isEmpty == true else { return }
      state.subscribers[channel] = nil
      if let connection = state.connection { _ = Self.command("unlisten", channel, on: connection) }
    }
  }

  /// Sent under the lock, so that the last LISTEN or UNLISTEN of a channel is the right one.
  private static func command(_ word: String, _ channel: String, on connection: Connection) -> Exchange {
    // Names that cannot be quoted were refused at the beginning.
    let name = (try? quoted(channel)) ?? ""
    let exchange = Exchange([.control("\(word) \(name)")], name: word, standsAlone: true)
    connection.push(exchange)
    return exchange
  }

  /// Tells subscribers that they miss nothing from now on.
  private func announce(_ exchange: Exchange, to subscribers: [Subscriber]) async {
    guard (try? await exchange.outcome()) != nil else { return }
    for subscriber in subscribers { subscriber.yield(.reconnected) }
  }

  // MARK: Connection

  private func keep() async {
    while !Task.isCancelled {
      do {
        try await follow()
      } catch is CancellationError {
        return
      } catch {
        logger.warning("no connection to listen on", metadata: ["reason": "\(error)"])
      }
    }
  }

  /// Listens on one connection until it is lost.
  private func follow() async throws {
    let (messages, incoming) = AsyncStream<ChannelMessage>.makeStream(bufferingPolicy: .bufferingNewest(4_096))
    let connection = try await door.open(parameters, notifications: incoming)
    defer {
      state.withLock { $0.connection = nil }
      connection.release()
    }
    let started = state.withLock { state -> [(Exchange, [Subscriber])] in
      guard !state.isClosed else { return [] }
      state.connection = connection
      return state.subscribers.map { channel, subscribers in
        (Self.command("listen", channel, on: connection), Array(subscribers.values))
      }
    }
    for (exchange, subscribers) in started { await announce(exchange, to: subscribers) }
    for await message in messages {
      let subscribers = state.withLock { $0.subscribers[message.channel].map { Array($0.values) } ?? [] }
      for subscriber in subscribers { subscriber.yield(.notified(payload: message.payload)) }
    }
  }
}
