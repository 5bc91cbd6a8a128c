import Mail
import Testing

@testable import Messaging

@Suite("The pile of letters")
struct PileTests {
  private func letters(_ ids: Range<Int64>) throws -> [BatchPreparation.Letter] {
    let address = try #require(EmailAddress("a@example.test"))
    return ids.map { id in
      .init(
        id: id, attempts: 0, language: "en", entity: 1,
        envelope: .init(sender: address, recipient: address, message: []))
    }
  }

  @Test("letters are taken in order, each once, and of the campaign that is asked for")
  func taking() throws {
    let pile = Pile()
    #expect(pile.campaign() == nil && pile.take(of: 1) == nil)
    pile.add(try letters(0..<3), of: 1)
    pile.add(try letters(10..<12), of: 2)
    #expect(pile.campaign(otherThan: 1) == 2 && pile.campaign(otherThan: 2) == 1)
    #expect(pile.take(of: 1)?.id == 0 && pile.take(of: 2)?.id == 10 && pile.take(of: 1)?.id == 1)
    #expect(pile.takeAll(of: 1).map(\.id) == [2])
    #expect(pile.take(of: 1) == nil && pile.campaign(otherThan: 2) == 2)
    #expect(pile.takeAll(of: 2).map(\.id) == [11])
    #expect(pile.campaign() == nil && pile.takeAll(of: 2).isEmpty)
  }

  @Test("where few are left one prepares more, until nothing else is due")
  func ahead() throws {
    let pile = Pile()
    pile.add(try letters(0..<150), of: 1)
    #expect(!pile.beginPreparingAhead())
    for _ in 0..<51 { #expect(pile.take(of: 1) != nil) }
    #expect(pile.beginPreparingAhead() && !pile.beginPreparingAhead())
    pile.endPreparing()
    #expect(pile.beginPreparingAhead())
    pile.endPreparing(isAll: true)
    #expect(!pile.beginPreparingAhead())
    // One that finds no letters looks all the same: something may have come.
    #expect(pile.beginPreparing())
    pile.endPreparing()
    #expect(pile.beginPreparingAhead())
  }

  @Test("where couriers had to wait, more is prepared earlier, and later again where it need not be")
  func earlier() throws {
    let pile = Pile()
    pile.add(try letters(0..<600), of: 1)
    #expect(!pile.beginPreparingAhead())
    // Shortages, each noticed by several.
    for _ in 0..<3 {
      _ = pile.takeAll(of: 1)
      for _ in 0..<4 where pile.beginPreparing() { pile.endPreparing() }
      pile.add(try letters(0..<600), of: 1)
    }
    // Below 800 now: one batch of 200 lacks.
    #expect(pile.beginPreparingAhead() && !pile.beginPreparingAhead())
    pile.endPreparing()
    for _ in 0..<10 { pile.add(try letters(0..<1), of: 1) }
    #expect(!pile.beginPreparingAhead())
  }

  @Test("who finds no letters prepares beside a few others alone")
  func few() {
    let pile = Pile()
    let begun = (0..<10).filter { _ in pile.beginPreparing() }
    #expect(begun.count == 4)
    pile.endPreparing()
    #expect(pile.beginPreparing() && !pile.beginPreparing())
  }
}
