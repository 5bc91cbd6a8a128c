import Testing

@testable import Messaging

@Suite("Contents of messages")
struct ContentTests {
  @Test(
    "text is made from HTML",
    arguments: [
      ("<p>Hello <b>you</b>!</p><p>Bye</p>", "Hello you!\n\nBye\n"),
      ("a<br>b<br/>c", "a\nb\nc\n"),
      ("<ul><li>one</li><li>two &amp; three</li></ul>", "- one\n- two & three\n"),
      ("<a href=\"https://x.test/?a=1&amp;b=2\">shop</a>", "shop (https://x.test/?a=1&b=2)\n"),
      ("<head><title>t</title></head><style>p{}</style><script>x < y</script><!-- no -->yes", "yes\n"),
      ("1 < 2 and <unknown>3</unknown>", "1 < 2 and 3\n"),
      ("&eacute;&#233;&#xE9;&nosuch;", "ééé&nosuch;\n"),
      ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
      ("", ""),
    ])
  func plainText(html: String, text: String) {
    #expect(PlainText.of(html) == text)
  }

  @Test(
    "links lead through us, and nothing else changes",
    arguments: [
      (
        "<a href=\"https://x.test/?a=1&amp;b=2\" class='c'>x</a>",
        "<a href=\"T:https://x.test/?a=1&amp;b=2\" class='c'>x</a>"
      ),
      ("<A title='>' HREF='http://x.test'>x</A>", "<A title='>' HREF='T:http://x.test'>x</A>"),
      ("<a href=https://x.test>x</a>", "<a href=T:https://x.test>x</a>"),
      (
        "<a href=\"mailto:a@b\">x</a><img src=\"https://x.test/i.png\">",
        "<a href=\"mailto:a@b\">x</a><img src=\"https://x.test/i.png\">"
      ),
      ("<a href=\"javascript:alert(1)\">x</a>", "<a href=\"javascript:alert(1)\">x</a>"),
      ("<a name=\"x\">é < 3</a", "<a name=\"x\">é < 3</a"),
    ])
  func tracked(html: String, expected: String) {
    #expect(TrackedHTML.of(html, pixel: nil) { "T:\($0)" } == expected)
  }

  @Test("the picture of one point stands at the end of the body")
  func pixel() {
    let html = TrackedHTML.of("<body>x</body></html>", pixel: "https://m.test/o/1") { _ in nil }
    #expect(html.hasPrefix("<body>x<img src=\"https://m.test/o/1\"") && html.hasSuffix("></body></html>"))
    #expect(TrackedHTML.of("x", pixel: "https://m.test/o/1") { _ in nil }.hasPrefix("x<img "))
  }
}
