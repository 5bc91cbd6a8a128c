import Messages
import Testing

@testable import Gateway

@Suite("What grants add up to")
struct RightSetTests {
  @Test("every grant allows exactly what it says: write includes read, all stands for every module but access")
  func everyGrant() {
    for granted in RightSet.modules + [.all] {
      for right in RightSet.rights {
        var set = RightSet()
        set.insert(right, of: granted)
        for module in OptionsV1.Module.allCases {
          for asked in OptionsV1.Right.allCases {
            let covers = granted == .all ? RightSet.modules.contains(module) && module != .access : granted == module
            let gives = asked == right || (right == .write && asked == .read)
            #expect(set.allows(asked, of: module) == (covers && gives), "\(granted) \(right): \(module) \(asked)")
          }
        }
      }
    }
  }

  @Test(
    "numbers that cannot be granted give nothing",
    arguments: [OptionsV1.Right.unspecified, .public, .authenticated, .internal, OptionsV1.Right(rawValue: 77)])
  func strangeRights(right: OptionsV1.Right) {
    var set = RightSet()
    set.insert(right, of: .profiles)
    #expect(set.isEmpty)
    #expect(!set.allows(right, of: .profiles))
  }

  @Test("modules that do not exist give nothing")
  func strangeModules() {
    var set = RightSet()
    for number: Int32 in [-1, 16, 4_711, .max, .min] { set.insert(.read, of: OptionsV1.Module(rawValue: number)) }
    #expect(set.isEmpty)
  }

  @Test("rights of one entity do not hold in another, those of all hold in each")
  func entities() {
    let rights = GrantedRights([
      AccessGrant(.everywhere, .forms, .read), AccessGrant(.entity(1), .profiles, .write),
    ])
    #expect(rights[entity: 1].allows(.write, of: .profiles))
    #expect(rights[entity: 1].allows(.read, of: .forms))
    #expect(!rights[entity: 2].allows(.read, of: .profiles))
    #expect(rights[entity: 2].allows(.read, of: .forms))
  }

  @Test("the administrator's grants allow everything everywhere")
  func everything() {
    let rights = GrantedRights(AccessGrant.everything)
    for module in RightSet.modules where module != .access {
      #expect(rights.everywhere.rights(of: module) == RightSet.rights)
    }
    #expect(rights.everywhere.allows(.administer, of: .access))
  }
}
