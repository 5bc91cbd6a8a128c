import Testing

@testable import Values

@Suite("A zone")
struct ZoneTests {
  @Test(
    "knows when its clocks show a time: the first instant where they show it twice, the change where they skip it",
    arguments: [
      // Springs forward at 01:00Z from 2:00 to 3:00, back at 01:00Z from 3:00 to 2:00.
      ("Europe/Brussels", "2027-03-27", 2, 30, "2027-03-27T01:30:00Z"),
      ("Europe/Brussels", "2027-03-28", 1, 59, "2027-03-28T00:59:00Z"),
      ("Europe/Brussels", "2027-03-28", 2, 0, "2027-03-28T01:00:00Z"),
      ("Europe/Brussels", "2027-03-28", 2, 30, "2027-03-28T01:00:00Z"),
      ("Europe/Brussels", "2027-03-28", 3, 0, "2027-03-28T01:00:00Z"),
      ("Europe/Brussels", "2027-03-28", 9, 0, "2027-03-28T07:00:00Z"),
      ("Europe/Brussels", "2027-10-31", 2, 30, "2027-10-31T00:30:00Z"),
      ("Europe/Brussels", "2027-10-31", 3, 0, "2027-10-31T02:00:00Z"),
      ("America/New_York", "2027-03-14", 2, 30, "2027-03-14T07:00:00Z"),
      ("America/New_York", "2027-11-07", 1, 30, "2027-11-07T05:30:00Z"),
      ("America/New_York", "2027-11-07", 2, 0, "2027-11-07T07:00:00Z"),
      // Half an hour.
      ("Australia/Lord_Howe", "2027-10-03", 2, 15, "2027-10-02T15:30:00Z"),
      ("Pacific/Kiritimati", "2027-06-15", 9, 0, "2027-06-14T19:00:00Z"),
      ("Pacific/Pago_Pago", "2027-06-15", 9, 0, "2027-06-15T20:00:00Z"),
      // Midnight itself is skipped.
      ("America/Santiago", "2027-09-05", 0, 0, "2027-09-05T04:00:00Z"),
    ])
  func instants(zone: String, day: String, hour: Int, minute: Int, instant: String) throws {
    let zone = try #require(Zone(zone))
    let found = try zone.instant(of: CalendarDate(parsing: day), second: hour * 3_600 + minute * 60)
    #expect(found.description == instant)
  }

  @Test("shows each time of each day of a year at the instant that it gives, and never earlier")
  func everyHour() throws {
    for name in ["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "UTC"] {
      let zone = try #require(Zone(name))
      let first = try CalendarDate(year: 2027, month: 1, day: 1).daysSinceEpoch
      var last = Timestamp.epoch
      for day in first..<first + 365 {
        for quarter in 0..<96 {
          let date = try CalendarDate(daysSinceEpoch: day)
          let instant = try zone.instant(of: date, second: quarter * 900)
          // What clocks show there; more than was asked for only where they jump over it.
          let shown = instant.duration(since: .epoch) + zone.offset(at: instant)
          let before = instant.advanced(by: .seconds(-1))
          let shownBefore = before.duration(since: .epoch) + zone.offset(at: before)
          let asked = Duration.seconds(Int64(day) * 86_400 + Int64(quarter) * 900)
          #expect(shown == asked || (shown > asked && shownBefore < asked))
          #expect(instant >= last)
          last = instant
        }
      }
    }
  }
}
