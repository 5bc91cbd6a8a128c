import ArgumentParser
import Foundation
import Messages
import UserTables

/// What the commands for profiles and for rows have in common: records of a user's table, addressed by number or by a
/// unique value.
protocol RecordKind: Sendable {
  /// One record.
  associatedtype Record: Message
  /// One page of records.
  associatedtype List: Page where List.Item == Record
  /// What an upsert answers.
  associatedtype Upserted: Message
  /// Which of a table's records are listed.
  associatedtype Filter: ParsableArguments
  /// What may be said of a write beside its values.
  associatedtype Origin: ParsableArguments
  /// Their imports.
  associatedtype Imports: ImportKind
  /// One page of imports.
  associatedtype ImportList: Page where ImportList.Item == Imports.Import
  /// One page of refused lines.
  associatedtype RefusedLines: Page where RefusedLines.Item == TypeV1.RefusedLine

  /// The commands' first word, after `rapport`.
  static var command: String { get }
  /// What people call one: "profile".
  static var noun: String { get }
  /// What stands before the last part of a record's name.
  static var collection: String { get }
  /// The member of a record in JSON that holds its values, which is also the field in masks.
  static var valuesMember: String { get }
  /// A table's name as an example.
  static var exampleTable: String { get }
  /// The end of a record's name as an example.
  static var exampleKey: String { get }
  /// A unique field as an example.
  static var exampleKeyField: String { get }
  /// Values as an example.
  static var exampleData: String { get }

  static func shape(of table: String, _ session: Session) async throws -> TableShape
  static func record(_ values: [String: TypeV1.Value]) -> Record
  static func values(of record: Record) -> [String: TypeV1.Value]
  static func name(of record: Record) -> String
  /// What else is known of a record, for people.
  static func details(of record: Record) -> Details

  static func get(_ name: String, _ session: Session) async throws -> Record
  static func list(_ table: String, _ filter: Filter, _ page: PageOptions, _ session: Session) async throws -> List
  static func create(_ record: Record, in table: String, _ origin: Origin, _ session: Session) async throws -> Record
  static func upsert(_ record: Record, named name: String, _ origin: Origin, _ session: Session) async throws
    -> Upserted
  static func update(
    _ record: Record, named name: String, mask: GoogleProtobuf.FieldMask?, _ origin: Origin, _ session: Session
  ) async throws -> Record
  static func delete(_ name: String, _ session: Session) async throws
  static func upserted(_ answer: Upserted) -> (record: Record?, isNew: Bool)
  static func export(
    _ table: String, fields: [String], _ session: Session, _ receive: ([UInt8]) async throws -> Void
  ) async throws
  /// One page of the lines that an import refused.
  static func refusedLines(_ name: String, _ page: PageOptions, _ session: Session) async throws -> RefusedLines
  static func imports(of table: String, _ page: PageOptions, _ session: Session) async throws -> ImportList
}

extension RecordKind {
  /// The name of the table that a record is in.
  ///
  /// - Throws: ``CommandError`` when the name is no record's.
  static func table(of name: String) throws -> String {
    guard let range = name.range(of: "/\(collection)/"), range.upperBound < name.endIndex else {
      throw CommandError.usage(
        "\(name) is no \(noun): its name looks like \(exampleTable)/\(collection)/\(exampleKey).")
    }
    return String(name[..<range.lowerBound])
  }

  /// A record's name as an example.
  static var example: String { "\(exampleTable)/\(collection)/\(exampleKey)" }

  /// A record in full, for people: what is known of it, then a value a line, as the definition orders them.
  static func text(of record: Record, shape: TableShape) throws -> String {
    let values = values(of: record)
    var table = TextTable("FIELD", "VALUE", empty: "It has no values.")
    for name in shape.order(of: values.keys) {
      table.rows.append([name, try FieldWriter.text(of: values[name])])
    }
    return details(of: record).text + "\n\n" + table.text
  }

  /// A line for each record, with as many of its values as fit.
  static func text(of records: [Record], shape: TableShape, width: Int?) throws -> String {
    let present = Set(records.flatMap { values(of: $0).keys })
    let names = shape.order(of: present)
    var table = TextTable(["ID"] + names, empty: "There is no \(noun).")
    table.rows = try records.map { record in
      let values = values(of: record)
      let id = name(of: record).split(separator: "/").last.map(String.init) ?? ""
      return [id] + (try names.map { try FieldWriter.text(of: values[$0]) })
    }
    return table.text(width: width)
  }
}

extension TableShape {
  /// Names in the order of the definition; those that it does not have, after them by letter.
  fileprivate func order(of names: some Collection<String>) -> [String] {
    let wanted = Set(names)
    let known = fields.map(\.name).filter(wanted.contains)
    return known + wanted.subtracting(known).sorted()
  }
}
