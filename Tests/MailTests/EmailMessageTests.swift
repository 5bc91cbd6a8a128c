import Foundation
import Mail
import Testing
import Values

@Suite("E-mail messages")
struct EmailMessageTests {
  static func sample(
    subject: String = "Hello", name: String = "Shop", text: String = "Hi.", html: String? = nil
  ) throws -> EmailMessage {
    let from = try #require(EmailAddress("shop@example.test"))
    let to = try #require(EmailAddress("alice@example.test"))
    return EmailMessage(
      from: .init(name: name, address: from), to: .init(address: to), subject: subject, text: text, html: html,
      messageID: "42.a1@example.test", date: try Timestamp(parsing: "2026-11-27T16:05:09Z"))
  }

  @Test("a message has the headers that mail has, and its text")
  func headers() throws {
    var message = try Self.sample()
    message.unsubscribing = .init(url: "https://example.test/m/u/abc")
    #expect(
      String(decoding: try message.encoded(), as: UTF8.self) == """
        Date: Fri, 27 Nov 2026 16:05:09 +0000\r
        From: Shop <shop@example.test>\r
        To: alice@example.test\r
        Subject: Hello\r
        Message-ID: <42.a1@example.test>\r
        List-Unsubscribe: <https://example.test/m/u/abc>\r
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
        MIME-Version: 1.0\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Transfer-Encoding: quoted-printable\r
        \r
        Hi.\r

        """)
  }

  @Test("text and HTML stand in two parts, the text first")
  func parts() throws {
    let bytes = try Self.sample(text: "Été = 1", html: "<p>Été</p>").encoded()
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("Content-Type: multipart/alternative; boundary=\"=_"))
    let plain = try #require(text.range(of: "text/plain"))
    let html = try #require(text.range(of: "text/html"))
    #expect(plain.lowerBound < html.lowerBound)
    #expect(text.contains("=C3=89t=C3=A9 =3D 1\r\n") && text.contains("<p>=C3=89t=C3=A9</p>\r\n"))
    #expect(bytes.allSatisfy { $0 < 0x80 })
  }

  @Test("no line is longer than 78 characters, whatever the words", arguments: [1, 7, 44, 45, 46, 200])
  func folding(length: Int) throws {
    let word = String(repeating: "é", count: length)
    let message = try Self.sample(
      subject: "\(word) \(String(repeating: "x", count: length))", name: "L'Été, \(word)", text: word + word)
    let lines = String(decoding: try message.encoded(), as: UTF8.self).split(separator: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 78 })
  }

  @Test(
    "a line break in a header is refused, naming it",
    arguments: ["a\nBcc: eve@example.test", "a\r\n\r\nbody", "a\rb", "a\u{85}b", "a\u{2028}b", "a\0b"])
  func injection(text: String) throws {
    #expect(throws: EmailMessage.Fault.self) { try Self.sample(subject: text).encoded() }
    let fault = #expect(throws: EmailMessage.Fault.self) { try Self.sample(name: text).encoded() }
    #expect(fault?.part == "from")
    var message = try Self.sample()
    message.headers = [.init(name: "X-Test", value: text)]
    #expect(throws: EmailMessage.Fault.self) { try message.encoded() }
    message.headers = [.init(name: text, value: "x")]
    #expect(throws: EmailMessage.Fault.self) { try message.encoded() }
  }

  @Test("names that would be read as something else are quoted or encoded")
  func names() throws {
    func from(_ name: String) throws -> String {
      let text = String(decoding: try Self.sample(name: name).encoded(), as: UTF8.self)
      return text.split(separator: "\r\n").first { $0.hasPrefix("From:") }.map(String.init) ?? ""
    }
    #expect(try from("Doe, \"J\"") == "From: \"Doe, \\\"J\\\"\" <shop@example.test>")
    #expect(try from("Zoë") == "From: =?UTF-8?B?Wm/Dqw==?= <shop@example.test>")
    #expect(try from("=?UTF-8?B?eA==?=").contains("=?UTF-8?B?PT9VVEYt"))
    #expect(try from("") == "From: shop@example.test")
  }

  @Test(
    "addresses",
    arguments: [
      ("alice@example.test", true), ("o'brien+x@a.b-c.test", true), ("é@exämple.test", true), ("a@localhost", true),
      ("", false), ("a", false), ("@b", false), ("a@", false), ("a..b@c", false), (".a@c", false), ("a@-b", false),
      ("a@b..c", false), ("a b@c", false), ("a@b\r\nRCPT TO:<x@y>", false), ("a\n@b", false), ("<a@b>", false),
      ("a@[127.0.0.1]", false), ("\"a\"@b", false), ("a@b\u{200B}.test", false),
      (String(repeating: "a", count: 65) + "@b", false),
    ])
  func addresses(text: String, isValid: Bool) {
    #expect((EmailAddress(text) != nil) == isValid)
  }

  @Test("quoted-printable keeps every line within 76 characters, and every byte")
  func quotedPrintable() {
    #expect(QuotedPrintable.encode("a \nb\t\r\n\rc=") == Array("a=20\r\nb=09\r\n\r\nc=3D\r\n".utf8))
    for length in 70...80 {
      let text = String(decoding: QuotedPrintable.encode(String(repeating: "x", count: length)), as: UTF8.self)
      #expect(text.split(separator: "\r\n").allSatisfy { $0.count <= 76 })
      #expect(text.replacing("=\r\n", with: "") == String(repeating: "x", count: length) + "\r\n")
    }
  }
}
