import Messages
import Testing
import UserTables
import Values

@testable import Automation

@Suite("A condition")
struct ConditionTests {
  private func holds(
    _ comparison: TargetingV1.Comparison, _ value: TypeV1.Value?, as type: UserTables.FieldType? = nil
  ) throws -> Bool {
    let now = try Timestamp(parsing: "2024-03-31T12:00:00Z")
    let zone = try #require(Zone("Europe/Brussels"))
    return Condition(comparison: comparison, type: type).holds(for: value, at: .init(now: now, zone: zone))
  }

  @Test("compares numbers exactly, whatever carries them")
  func numbers() throws {
    #expect(try holds(.from(.int(4)), .int(4)))
    #expect(try !holds(.from(.int(4)), .int(3)))
    #expect(try holds(.after(.int(200)), .decimal("200.000000000000000001")))
    #expect(try !holds(.after(.int(200)), .decimal("200.00")))
    #expect(try holds(.equals(.decimal("5.50")), .decimal("5.5")))
    #expect(try holds(.before(.decimal("4.5")), .int(4)))
    #expect(try holds(.to(.int(4)), .int(4)) && !holds(.to(.int(4)), .decimal("4.01")))
  }

  @Test("with something absent is false, but for `is_set: false`")
  func absence() throws {
    for value: TypeV1.Value? in [nil, .null, .list()] {
      #expect(try !holds(.equals(.bool(false)), value))
      #expect(try !holds(.before(.int(4)), value))
      #expect(try !holds(.init(.isSet(true)), value))
      #expect(try holds(.init(.isSet(false)), value))
    }
    #expect(try holds(.init(.isSet(true)), .bool(false)))
  }

  @Test("takes a day for the whole of it, in the entity's zone, on the day on which clocks change, too")
  func days() throws {
    let first = try TypeV1.Value.time("2024-03-30T23:00:00Z")
    let last = try TypeV1.Value.time("2024-03-31T21:59:59.999999Z")
    let next = try TypeV1.Value.time("2024-03-31T22:00:00Z")
    let day = try TypeV1.Value.date("2024-03-31")
    #expect(try holds(.equals(day), first) && holds(.equals(day), last) && !holds(.equals(day), next))
    #expect(try holds(.from(day), first) && !holds(.after(day), last) && holds(.after(day), next))
    #expect(try holds(.to(day), last) && !holds(.to(day), next) && !holds(.before(day), first))
  }

  @Test("compares with now")
  func now() throws {
    let recently = TargetingV1.Comparison.range { $0.lower = .from(.nowPlus(-86_400)) }
    #expect(try holds(recently, .time("2024-03-30T12:00:00Z")) && !holds(recently, .time("2024-03-30T11:59:59Z")))
    #expect(try holds(recently, .date("2024-03-30")) && !holds(recently, .date("2024-03-29")))
  }

  @Test("finds text without regard to case, and compares it in the form in which its field keeps it")
  func text() throws {
    #expect(try holds(.init(.contains("ÉLO")), .text("Mélodie")) && !holds(.init(.contains("x")), .text("Mélodie")))
    #expect(try holds(.init(.startsWith("mé")), .text("Mélodie")))
    #expect(try holds(.equals(.text("Zoe@Example.TEST")), .text("zoe@example.test"), as: .email))
    #expect(try !holds(.equals(.text("zoe")), .text("Zoe"), as: .string))
  }

  @Test("is met by one of several values")
  func severalValues() throws {
    var list = TargetingV1.OneOf()
    list.values = [.text("b"), .text("c")]
    #expect(try holds(.init(.oneOf(list)), .list(.text("a"), .text("b"))))
    #expect(try !holds(.init(.oneOf(list)), .text("a")))
  }

  @Test("never is met by a value of another kind")
  func otherKinds() throws {
    #expect(try !holds(.equals(.text("1")), .int(1)))
    #expect(try !holds(.from(.int(1)), .text("2")))
    #expect(try !holds(.from(.date("2024-01-01")), .int(20_240_101)))
  }
}
