package import Messages

/// An event on its way into the log.
package struct LogEntry: Sendable, Hashable {
  /// 0 to 63.
  package let partition: Int
  /// The full name of the message in ``body``.
  package let type: String
  /// The encoded message: ids and names of fields, never personal values.
  package let body: [UInt8]
  /// The entity; 0 when it is about none.
  package let entity: Int64
  /// The profile table; 0 when it is about none.
  package let profileTable: Int64
  /// The profile; 0 when it is about none or many.
  package let profile: UInt32

  /// An event about one profile.
  package init<Event: Message>(
    _ message: Event, entity: Int64, profileTable: Int64, profile: UInt32
  ) throws {
    self.init(
      partition: Log.partition(ofProfile: profile), type: Event.descriptor.name,
      body: try message.encoded(), entity: entity, profileTable: profileTable, profile: profile)
  }

  /// An event about many profiles of one partition: a range or a bitmap of them is in the message.
  package init<Event: Message>(
    _ message: Event, entity: Int64, profileTable: Int64, partition: Int
  ) throws {
    self.init(
      partition: partition, type: Event.descriptor.name, body: try message.encoded(), entity: entity,
      profileTable: profileTable, profile: 0)
  }

  /// An event about no profile.
  package init<Event: Message>(_ message: Event, entity: Int64) throws {
    self.init(
      partition: 0, type: Event.descriptor.name, body: try message.encoded(), entity: entity,
      profileTable: 0, profile: 0)
  }

  init(
    partition: Int, type: String, body: [UInt8], entity: Int64, profileTable: Int64, profile: UInt32
  ) {
    self.partition = partition
    self.type = type
    self.body = body
    self.entity = entity
    self.profileTable = profileTable
    self.profile = profile
  }
}
