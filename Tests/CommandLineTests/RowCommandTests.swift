import Foundation
import Messages
import RPC
import Synchronization
import Testing

@testable import CommandLineTool

@Suite("rapport rows")
struct RowCommandTests {
  private static let table = "entities/b2c/customTables/orders"

  private static let definition: TablesV1.CustomTable = {
    var table = TablesV1.CustomTable()
    table.name = RowCommandTests.table
    var link = TablesV1.ProfileLink()
    link.id = "customer"
    table.profileLink = link
    table.columns = [("orderCode", TypeV1.FieldType.string), ("amount", .decimal)].map { id, type in
      var column = TablesV1.Column()
      column.id = id
      column.type = type
      return column
    }
    return table
  }()

  @Test("a row takes decimals, and its profile as a text or a number")
  func upsert() async throws {
    let seen = Mutex<TablesV1.Row?>(nil)
    try await SuiteFixture.run {
      $0.handle(TablesV1.TableService.getCustomTable) { _, _ in Self.definition }
      $0.handle(TablesV1.TableService.upsertRow) { request, _ in
        seen.withLock { $0 = request.row }
        var answer = TablesV1.UpsertRowResponse()
        answer.row = request.row
        return answer
      }
    } _: { suite in
      let name = "\(Self.table)/rows/orderCode=17"
      let upsert = try await suite.rapport.run(
        "rows", "upsert", name, "--data", #"{"customer":"00042","amount":"12.50"}"#)
      #expect(
        upsert.output == """
          Changed.
          Row  entities/b2c/customTables/orders/rows/orderCode=17

          FIELD     VALUE
          amount    12.50
          customer  00042

          """)
      _ = try await suite.rapport.run("rows", "upsert", name, "--data", #"{"customer":42}"#)
      #expect(seen.withLock { $0?.values["customer"]?.kind } == .int64Value(42))
    }
  }

  @Test("an update's mask names values by their technical names")
  func update() async throws {
    let seen = Mutex<TablesV1.UpdateRowRequest?>(nil)
    try await SuiteFixture.run {
      $0.handle(TablesV1.TableService.getCustomTable) { _, _ in Self.definition }
      $0.handle(TablesV1.TableService.updateRow) { request, _ in
        seen.withLock { $0 = request }
        return request.row ?? .init()
      }
    } _: { suite in
      let update = try await suite.rapport.run(
        "rows", "update", "\(Self.table)/rows/3", "--data", #"{"amount":null}"#, "--update-mask", "amount", "-o", "json"
      )
      #expect(update.status == 0)
      let request = try #require(seen.withLock { $0 })
      #expect(request.updateMask?.paths == ["values.amount"])
      #expect(request.row?.values["amount"]?.kind == .nullValue(TypeV1.Null()))
    }
  }

  @Test("rows of one profile are listed, and a table is deleted with its rows by force alone")
  func listAndDelete() async throws {
    let profile = Mutex("")
    try await SuiteFixture.run {
      $0.handle(TablesV1.TableService.listRows) { request, _ in
        profile.withLock { $0 = request.profile }
        return TablesV1.ListRowsResponse()
      }
      $0.handle(TablesV1.TableService.getCustomTable) { _, _ in Self.definition }
      $0.handle(TablesV1.TableService.deleteCustomTable) { request, _ in
        guard request.force else {
          throw RPCError(.failedPrecondition, "The table has rows.", reason: "TABLE_NOT_EMPTY")
        }
        return GoogleProtobuf.Empty()
      }
    } _: { suite in
      let list = try await suite.rapport.run(
        "rows", "list", Self.table, "--profile", "entities/b2c/profileTables/c/profiles/1")
      #expect(list.output == "There is no row.\n")
      #expect(profile.withLock { $0 } == "entities/b2c/profileTables/c/profiles/1")
      #expect(try await suite.rapport.run("rows", "tables", "delete", Self.table).status == 1)
      let deleted = try await suite.rapport.run("rows", "tables", "delete", Self.table, "--force", "-o", "json")
      #expect(deleted.output == "{}\n")
    }
  }
}
