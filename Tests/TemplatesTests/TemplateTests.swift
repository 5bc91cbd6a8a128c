import Templates
import Testing
import Values

@Suite("Templates")
struct TemplateTests {
  private static func order(_ code: Int64, _ amount: String, _ time: String) -> TemplateValue {
    .object([
      "code": .integer(code), "amount": DecimalNumber(amount).map(TemplateValue.decimal) ?? .missing,
      "time": (try? Timestamp(parsing: time)).map(TemplateValue.moment) ?? .missing,
    ])
  }

  private static let values: [String: TemplateValue] = [
    "profile": .object([
      "firstName": .text("Mo'nique <b>"), "tier": .text("gold"), "vip": .bool(false),
      "preferredStore": .object(["city": .text("Liège")]), "tags": .list([.text("a"), .text("b")]),
    ]),
    "rows": .object([
      "orders": .list([
        order(1, "12.5", "1998-03-28T23:30:00Z"), order(2, "7", "1998-03-01T00:00:00Z"),
        order(3, "0.005", "1998-02-01T00:00:00Z"), order(4, "1", "1998-01-01T00:00:00Z"),
      ])
    ]),
    "empty": .list([]), "n": .integer(3),
  ]

  private func render(_ source: String, _ context: Template.Context = .text, zone: Zone = .utc) throws -> String {
    try Template(source, context: context).render(Self.values, options: RenderOptions(zone: zone))
  }

  @Test(
    "renders",
    arguments: [
      ("Hello {{ profile.firstName }}!", "Hello Mo'nique <b>!"),
      ("{{ profile.missing }}|{{ nothing.at.all }}", "|"),
      ("{{ profile.missing | default: \"reader\" }}", "reader"),
      ("{{profile.preferredStore.city|upcase}}", "LIÈGE"),
      ("{% if profile.tier == 'gold' %}G{% elsif profile.tier == \"silver\" %}S{% else %}B{% endif %}", "G"),
      ("{% if profile.vip %}v{% else %}-{% endif %}{% unless profile.vip %}u{% endunless %}", "-u"),
      ("{% if n > 2 and n <= 3 or profile.vip %}yes{% endif %}", "yes"),
      ("{% if profile.vip or n == 3.0 %}yes{% endif %}", "yes"),
      ("{% if profile.tags contains 'b' and profile.firstName contains 'que' %}yes{% endif %}", "yes"),
      ("{% if profile.missing < 3 %}wrong{% else %}right{% endif %}", "right"),
      (
        "{% for o in rows.orders limit: 3 %}{{ forloop.index }}:{{ o.code }}{% unless forloop.last %},{% endunless %}{% endfor %}",
        "1:1,2:2,3:3"
      ),
      ("{% for o in empty %}x{% else %}none{% endfor %}", "none"),
      ("{% assign first = rows.orders[0] %}{{ first.amount | money: '€', ',' }}", "12,50\u{A0}€"),
      ("{{ rows.orders[2].amount | money }} {{ rows.orders.size }} {{ rows.orders.last.code }}", "0.01 4 4"),
      ("{{ rows.orders[0].time | date: '%d/%m/%Y %H:%M %-d %b %A' }}", "28/03/1998 23:30 28 Mar Saturday"),
      ("a {{- ' b ' -}} c", "a b c"),
      ("{% comment %}{{ broken | nofilter }}{% endcomment %}done", "done"),
      ("{{ profile.tags | join: '+' }} {{ 'straße' | truncate: 4 }} {{ '}}' }}", "a+b str… }}"),
      ("{{ 2.5 | round }} {{ -2.5 | round }} {{ 1.25 | round: 1 }}", "3 -3 1.3"),
      ("{{ '<' | escape }}", "&lt;"),
    ])
  func renders(source: String, expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test("HTML escapes each value once, and none of the template's own text")
  func escapes() throws {
    #expect(try render("<b>{{ profile.firstName }}</b>", .html) == "<b>Mo&#39;nique &lt;b&gt;</b>")
    #expect(try render("{{ profile.firstName | escape | upcase }}", .html) == "MO&#39;NIQUE &lt;B&gt;")
    #expect(try render("{% assign x = '<i>' %}{{ x }}{{ '<u>' }}", .html) == "&lt;i&gt;&lt;u&gt;")
    #expect(try render("{{ profile.tags | join: '<br>' }}", .html) == "a&lt;br&gt;b")
  }

  @Test("shows moments in the zone that is asked for")
  func zones() throws {
    let brussels = try #require(Zone("Europe/Brussels"))
    #expect(try render("{{ rows.orders[0].time | date: '%Y-%m-%d %H:%M' }}", zone: brussels) == "1998-03-29 00:30")
    #expect(try render("{{ rows.orders[0].time }}", zone: brussels) == "1998-03-29 00:30")
  }

  @Test(
    "says where a template is wrong",
    arguments: [
      ("a\nb {{ x ", 2, 3), ("{% if x %}", 1, 4), ("é\n{% endif %}", 2, 4), ("{{ x | nothing }}", 1, 8),
      ("{% include 'x' %}", 1, 4), ("{{ x y }}", 1, 6), ("{% for x y %}{% endfor %}", 1, 10), ("{{ 'x }}", 1, 1),
      ("{{ }}", 1, 4), ("{{ x | default }}", 1, 8), ("{% assign x %}", 1, 13), ("{{ a ! b }}", 1, 6),
      ("{% if a = b %}{% endif %}", 1, 9), ("{% comment %}", 1, 4),
      ("{{ 99999999999999999999999999999999999999999 }}", 1, 4),
    ])
  func places(source: String, line: Int, column: Int) {
    let error = #expect(throws: TemplateError.self) { try Template(source, context: .text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
  }

  @Test("a hostile template ends in an error, not in work without end")
  func limits() throws {
    let deep = String(repeating: "{% if x %}", count: 30) + String(repeating: "{% endif %}", count: 30)
    #expect(throws: TemplateError.self) { try Template(deep, context: .text) }
    #expect(throws: TemplateError.self) { try Template(String(repeating: "x", count: 300_000), context: .text) }
    let loop = "{% for a in l %}{% for b in l %}{% for c in l %}{{ x }}{% endfor %}{% endfor %}{% endfor %}"
    let list: [String: TemplateValue] = ["l": .list(Array(repeating: .integer(1), count: 100))]
    #expect(throws: TemplateError.self) { try Template(loop, context: .text).render(list) }
    let doubling = "{% assign a = 'xxxxxxxx' %}" + String(repeating: "{% assign a = a | append: a %}", count: 40)
    #expect(throws: TemplateError.self) { try Template(doubling, context: .text).render([:]) }
    let long = "{% for a in l %}{{ t }}{% endfor %}"
    let text: [String: TemplateValue] = list.merging(["t": .text(String(repeating: "y", count: 60_000))]) { $1 }
    #expect(throws: TemplateError.self) { try Template(long, context: .text).render(text) }
    let many = (0...100).map { "{% assign v\($0 / 26)\(UnicodeScalar(97 + UInt8($0 % 26))) = 1 %}" }.joined()
    #expect(throws: TemplateError.self) { try Template(many, context: .text).render([:]) }
  }

  /// Values that are dear to read through.
  private static let large: [String: TemplateValue] = [
    "t": .text(String(repeating: "a", count: 60_000)), "part": .text(String(repeating: "a", count: 500) + "b"),
    "l": .list(Array(repeating: .text("a"), count: 10_000)), "html": .text(String(repeating: "\"", count: 200_000)),
    "empty": .list([]),
  ]

  @Test(
    "reading through long values counts",
    arguments: [
      "{% if \(String(repeating: "t contains part or ", count: 40))t %}{% endif %}",
      String(repeating: "{% if t contains 'b' %}{% endif %}", count: 300),
      String(repeating: "{% if t == 'b' %}{% endif %}", count: 300),
      String(repeating: "{% if t.size == 1 %}{% endif %}", count: 300),
      String(repeating: "{% if l contains t %}{% endif %}", count: 3),
      String(repeating: "{{ t | size }}", count: 300), String(repeating: "{{ 'a' | truncate: 5, t }}", count: 300),
      "{{ l | join: t }}", "{% for a in l %}{% for b in empty limit: t %}{% endfor %}{% endfor %}",
    ])
  func readsCount(source: String) throws {
    let error = try #require(throws: TemplateError.self) { try Template(source, context: .text).render(Self.large) }
    #expect(error.explanation.contains("reads through"))
  }

  @Test("each comparison and each loop is a step")
  func comparisonsCount() throws {
    let options = RenderOptions(mostSteps: 20)
    let many = "{% if \(String(repeating: "n or ", count: 30))n %}{% endif %}"
    let none = String(repeating: "{% for a in n %}{% endfor %}", count: 30)
    for source in [many, none] {
      #expect(throws: TemplateError.self) { try Template(source, context: .text).render([:], options: options) }
    }
  }

  @Test(
    "nothing else can be called as the state of a loop",
    arguments: ["{% for forloop in rows %}{{ forloop }}{% endfor %}", "{% assign forloop = 1 %}"])
  func forloop(source: String) {
    let error = #expect(throws: TemplateError.self) { try Template(source, context: .text) }
    #expect(error?.explanation == "`forloop` is set by loops. Choose another name.")
  }

  @Test("what escaping adds counts as rendered")
  func escapedCounts() throws {
    #expect(throws: TemplateError.self) { try Template("{{ html }}", context: .html).render(Self.large) }
    #expect(try Template("{{ html }}", context: .text).render(Self.large).utf8.count == 200_000)
  }

  @Test("tells which values it names, through loops and assignments")
  func mentions() throws {
    let source = """
      {{ profile.firstName }}{% assign store = profile.preferredStore %}{{ store.city }}
      {% for order in rows.orders limit: 3 %}{{ order.amount }}{{ forloop.index }}{% endfor %}{% assign t = 'x' %}{{ t }}
      """
    let mentions = try Template(source, context: .html).mentions
    #expect(
      mentions.map { $0.path.joined(separator: ".") } == [
        "profile.firstName", "profile.preferredStore", "profile.preferredStore.city", "rows.orders",
        "rows.orders.[].amount",
      ])
    #expect(mentions.first { $0.path == ["rows", "orders"] }?.limit == 3)
    #expect(mentions[3].line == 2 && mentions[3].column == 17)
  }
}
