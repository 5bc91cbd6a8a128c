import Messages
import RPC
import ServiceTesting
import Testing
import UserTables

@testable import DataTables

@Suite("Definitions of custom tables")
struct CustomTableRulesTests {
  @Test(
    "are refused with the field at fault",
    arguments: [
      .init("type") { $0.type = .unspecified },
      .init("display_name") { $0.displayName = String(repeating: "x", count: 201) },
      .init("display_name") { $0.displayName = "a\0b" },
      .init("profile_table") { $0.profileTable = "" },
      .init("profile_link") { $0.profileLink = nil },
      .init("profile_link.id") { $0.profileLink?.id = "1st" },
      .init("columns[0].id") { $0.columns[0].id = "orderCöde" },
      .init("columns[1].id") { $0.columns[1].id = "ORDERCODE" },
      .init("columns[2].id") { $0.columns[2].id = "id" },
      .init("profile_link.id") { $0.profileLink?.id = "amount" },
      .init("columns[2].type") { $0.columns[2].type = .init(rawValue: 99) },
      .init("columns[3].max_length") { $0.columns[3].maxLength = 5 },
      .init("columns[0].max_length") { $0.columns[0].maxLength = 501 },
      .init("columns[5].max_length") {
        $0.columns[5].indexed = true
        $0.columns[5].maxLength = 4_000
      },
      .init("columns[5].min_length") { $0.columns[5].minLength = -1 },
      .init("columns[5].accepted_values") { $0.columns[5].acceptedValues = ["a", "a"] },
      .init("columns[2].accepted_values") { $0.columns[2].acceptedValues = ["1"] },
      .init("key_column") { $0.keyColumn = "nothing" },
      .init("key_column") { $0.keyColumn = "note" },
      .init("time_column") { $0.timeColumn = "" },
      .init("time_column") { $0.timeColumn = "day" },
      .init("time_column") { $0.columns[1].required = false },
      .init("links[0].on_delete") {
        $0.links = [.init("store", to: "entities/b2c/customTables/stores", required: true, onDelete: .setNull)]
      },
      .init("links[0].on_delete") {
        $0.links = [.init("store", to: "entities/b2c/customTables/stores", onDelete: .init(rawValue: 9))]
      },
      .init("columns") { table in
        table.columns += (0..<400).map { .init("x\($0)", .string) }
      },
    ] as [TableChange])
  func refused(case change: TableChange) {
    var table = TablesV1.CustomTable.orders()
    change.change(&table)
    #expect { try CustomTableRules.check(table) } throws: { ($0 as? DefinitionFault)?.field == change.field }
  }

  @Test("of the three types are accepted as they are meant")
  func accepted() throws {
    try CustomTableRules.check(.stores)
    try CustomTableRules.check(.orders())
    try CustomTableRules.check(.cars())
  }

  @Test(
    "of repositories belong to no profile, have a key and no time",
    arguments: [
      .init("profile_table") { $0.profileTable = TestSuite.customers },
      .init("profile_link") { $0.profileLink = .init() },
      .init("key_column") { $0.keyColumn = "" },
      .init("key_column") { $0.columns[0].unique = false },
      .init("time_column") { $0.timeColumn = "city" },
    ] as [TableChange])
  func repositories(case change: TableChange) {
    var table = TablesV1.CustomTable.stores
    change.change(&table)
    if table.profileLink != nil { table.profileLink?.id = "owner" }
    #expect { try CustomTableRules.check(table) } throws: { ($0 as? DefinitionFault)?.field == change.field }
  }

  @Test(
    "that name what is not there, or not of the right kind, are refused with the field at fault",
    arguments: [
      .init("profile_table") { $0.profileTable = "entities/b2c/nothing" },
      .init("profile_link.key_attribute") { $0.profileLink?.keyAttribute = "missing" },
      .init("profile_link.key_attribute") { $0.profileLink?.keyAttribute = "firstName" },
      .init("links[0].table") { $0.links = [.init("x", to: "nothing")] },
      .init("links[0].table") { $0.links = [.init("x", to: "entities/b2c/customTables/cars")] },
      .init("links[0].table") { $0.links = [.init("x", to: "entities/b2c/customTables/visits")] },
    ] as [TableChange])
  func references(case change: TableChange) async throws {
    try await TestSuite.with { suite async throws in
      try await suite.createTable("cars", .cars())
      suite.profiles.addTable("entities/b2c/profileTables/others", number: 8)
      try await suite.createTable("visits", .orders(of: "entities/b2c/profileTables/others"))
      let refusal = try await suite.refusal(TablesV1.TableService.createCustomTable) { request in
        request.parent = "entities/b2c"
        request.customTableId = "orders"
        var table = TablesV1.CustomTable.orders()
        change.change(&table)
        request.customTable = table
      }
      #expect(refusal.code == .invalidArgument)
      #expect(refusal.fields == ["custom_table.\(change.field)"])
      let list = try await suite.call(TablesV1.TableService.listCustomTables) { $0.parent = "entities/b2c" }
      #expect(list.customTables.count == 2)
    }
  }

  @Test("may link to a profile table or another table only where there is one")
  func missingTables() async throws {
    try await TestSuite.with { suite async throws in
      let link = TablesV1.RowLink("x", to: "entities/b2c/customTables/missing")
      let faulty: [TablesV1.CustomTable] = [
        .orders(of: "entities/b2c/profileTables/missing"), .orders(links: [link]),
      ]
      for table in faulty {
        let refusal = try await suite.refusal(TablesV1.TableService.createCustomTable) { request in
          request.parent = "entities/b2c"
          request.customTableId = "orders"
          request.customTable = table
        }
        #expect(refusal.code == .notFound)
      }
    }
  }

  @Test("with a bad id are refused", arguments: ["", "1st", "a b", "é", String(repeating: "a", count: 61)])
  func ids(id: String) async throws {
    try await TestSuite.with { suite async throws in
      let refusal = try await suite.refusal(TablesV1.TableService.createCustomTable) { request in
        request.parent = "entities/b2c"
        request.customTableId = id
        request.customTable = .stores
      }
      #expect(refusal.code == .invalidArgument && refusal.fields == ["custom_table_id"])
    }
  }
}
