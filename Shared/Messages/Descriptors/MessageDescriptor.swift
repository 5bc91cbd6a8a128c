/// What a message is made of.
///
/// A handle of one reference and one number, cheap to copy.
public struct MessageDescriptor: Sendable, Hashable, CustomStringConvertible {
  /// The file that declares the message.
  public let file: FileDescriptor

  /// The message's place among all of the file, nested ones included: each before those nested in it.
  let index: Int

  package init(file: FileDescriptor, index: Int) {
    self.file = file
    self.index = index
  }

  /// The full proto name: `rapport.profiles.v1.Profile`.
  public var name: String { "" }

  /// The full proto name.
  public var description: String { name }

  /// Two descriptors are the same if they name the same message of the same file.
  public static func == (left: MessageDescriptor, right: MessageDescriptor) -> Bool {
    left.index == right.index && left.file === right.file
  }

  /// Hashes file and place.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(file))
    hasher.combine(index)
  }
}
