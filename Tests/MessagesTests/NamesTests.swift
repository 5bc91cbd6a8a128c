import Messages
import SampleMessages
import Testing

@Suite("Names that mean something in Swift, in C, or in the generated code")
struct NamesTests {
  @Test("fields of such names are read and written")
  func keywords() throws {
    let message = SampleV1.Keywords.with {
      $0.default = "1"
      $0.class = 2
      $0.self_ = true
      $0.type = "4"
      $0.description = "5"
      $0.hashValue_ = 6
      $0.init_ = "7"
      $0.nInit = ["8"]
      $0.hasClass = 9
      $0.base = [10]
      $0.unknownFields_ = "11"
      $0.descriptor = "12"
      $0.encode_ = [13]
      $0.encoded_ = ["14": "14"]
      $0.int = 15
      $0.struct = "16"
      $0.union = [17]
      $0.switch = 18
      $0.operator = 19
      $0.c = "20"
      $0.arena = "21"
      $0.write_ = "22"
      $0.typeMessage = .with { $0.name = "23" }
      $0.selfMessage = .with { $0.name = "24" }
      $0.kind = .none_("25")
      $0.choice = .right("30")
      $0.upper = "31"
      $0.protocols = [.self_, .init_, .none_, .default, .rawValue_, .description_, ._3d, .oddName]
    }
    let copy = try SampleV1.Keywords(decoding: message.encoded())
    #expect(copy == message)
    #expect(copy.hash_ == "")
    #expect(SampleV1.Keywords.Choice().value == "")
  }

  @Test("messages named like Swift's types do not stand in their way")
  func shadowing() throws {
    let message = SampleV1.Message.with {
      $0.string = "text"
      $0.boolMessage = .with { $0.value = true }
      $0.int32Message = .with { $0.value = 5 }
    }
    #expect(try SampleV1.Message(decoding: message.encoded()) == message)
  }

  @Test("an enum's values lose the enum's name, and keep their own for people")
  func enums() {
    #expect(SampleV1.Color.red.rawValue == 1)
    #expect(SampleV1.Color.crimson == .red)
    #expect("\(SampleV1.Color.crimson)" == "COLOR_RED")
    #expect("\(SampleV1.Color._2g)" == "COLOR_2G")
    #expect(SampleV1.Color.below.rawValue == -1)
    #expect("\(SampleV1.Color(rawValue: 42))" == "42")
    #expect(SampleV1.Color() == .unspecified)
    #expect(SampleV1.Color.allCases.count == 6)
  }
}
