/// The names of an enum's numbers.
public final class EnumDescriptor: Sendable {
  /// One name.
  public struct Value: Sendable, Hashable {
    /// As in the .proto: `FIELD_TYPE_STRING`.
    public let name: String

    /// The number on the wire.
    public let number: Int32
  }

  /// The full proto name.
  public let name: String

  /// The names in the order of the .proto; a number with several names stands several times.
  public let values: [Value]

  private let names: [Int32: String]
  private let numbers: [String: Int32]

  init(name: String, values: [Value]) {
    self.name = name
    self.values = values
    names = Dictionary(values.map { ($0.number, $0.name) }) { first, _ in first }
    numbers = Dictionary(values.map { ($0.name, $0.number) }) { first, _ in first }
  }

  /// The first name of a number; nil where it has none.
  public func name(of number: Int32) -> String? { names[number] }

  /// The number of a name; nil where there is no such name.
  public func number(of name: String) -> Int32? { numbers[name] }
}
