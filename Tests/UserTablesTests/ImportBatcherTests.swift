import Messages
import Testing
import Values

@testable import UserTables

private func settings(_ change: (inout TypeV1.ImportSettings) -> Void = { _ in }) throws -> ImportSettings {
  var code = FieldDefinition(id: "code", number: 1, type: .string)
  code.isUnique = true
  let age = FieldDefinition(id: "age", number: 2, type: .integer)
  var message = TypeV1.ImportSettings()
  message.key = "code"
  change(&message)
  return try ImportSettings(message, fields: [code, age])
}

/// All batches of a file.
private func batches(_ file: String, _ settings: ImportSettings, from position: ImportPosition = .start) throws
  -> [ImportBatch]
{
  var batcher = try ImportBatcher(settings: settings, fieldReader: FieldReader(zone: .utc), from: position)
  batcher.append(Array(file.utf8.dropFirst(Int(position.bytes))))
  batcher.finish()
  var batches: [ImportBatch] = []
  while let batch = try batcher.nextFull() { batches.append(batch) }
  batches.append(try batcher.last())
  return batches
}

@Suite("An import's batches")
struct ImportBatcherTests {
  @Test("keep lines with the same key apart, in their order")
  func repeatedKeys() throws {
    let found = try batches("code,age\na,1\nb,2\na,3\n", settings())
    #expect(found.map { $0.lines.map(\.number) } == [[2, 3], [4]])
  }

  @Test("refuse bad lines with line, column and reason, and keep the rest")
  func badLines() throws {
    let found = try batches("code,age\na,old\n,3\nb\nc,4\n", settings())
    #expect(found.flatMap(\.refused).map(\.line) == [2, 3, 4])
    #expect(found.flatMap(\.refused).map(\.column) == ["age", "code", ""])
    #expect(found.flatMap(\.lines).map(\.number) == [5])
    #expect(found.map(\.lineCount).reduce(0, +) == 4)
  }

  @Test("go on from any batch's end to the same lines")
  func resumed() throws {
    let file = "code,age\na,1\na,2\n\nb,3\nb,x\nc,4\nc,5\n"
    let whole = try batches(file, settings())
    for (place, batch) in whole.enumerated() {
      let rest = try batches(file, settings(), from: batch.end)
      #expect(rest.flatMap(\.lines) == whole.dropFirst(place + 1).flatMap(\.lines))
      #expect(rest.flatMap(\.refused) == whole.dropFirst(place + 1).flatMap(\.refused))
    }
  }

  @Test("need the key's column; one that no field takes is not read")
  func headers() throws {
    #expect(throws: ImportFault.missingColumn("code")) { try batches("age\n1\n", settings()) }
    let wider = try batches("id,code,extra\n7,a,1\n", settings())
    #expect(try wider.flatMap(\.lines) == batches("code\na\n", settings()).flatMap(\.lines))
    #expect(throws: ImportFault.repeatedColumn("code")) { try batches("code,code\na,b\n", settings()) }
    #expect(throws: ImportFault.empty) { try batches("", settings()) }
    let mapped = try settings { $0.columns = ["code": "Customer"] }
    #expect(try batches("Customer,extra\na,1\n", mapped).flatMap(\.lines).count == 1)
    #expect(throws: ImportFault.missingColumn("Customer")) { try batches("code\na\n", mapped) }
  }

  @Test("refuse settings that name no unique field")
  func badSettings() {
    #expect(throws: ImportFault.self) { try settings { $0.key = "age" } }
    #expect(throws: ImportFault.self) { try settings { $0.key = "none" } }
    #expect(throws: ImportFault.self) { try settings { $0.columns = ["age": "Age"] } }
    #expect(throws: ImportFault.self) { try settings { $0.csv = .with { $0.separator = "\"" } } }
  }
}
