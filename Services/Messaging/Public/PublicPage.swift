internal import Messages
internal import Templates

/// The pages that links lead to.
enum PublicPage {
  // MARK: - Answers

  static let notFound = text(404, "There is no such page.")
  static let gone = text(410, "This link is not valid any more.")
  static let badRequest = text(
    400, "Nothing was changed. Use the button of the page, or send List-Unsubscribe=One-Click.")

  static func methodNotAllowed(_ allowed: String) -> InternalV1.ServePublicPageResponse {
    answer(405, [("allow", allowed)] + plain, Array("This link cannot be used so.\n".utf8))
  }

  /// The web version. What the mail may contain of scripts does not run.
  static func webVersion(_ message: RenderedMessage) -> InternalV1.ServePublicPageResponse {
    let body =
      message.html.isEmpty
      ? "<!doctype html><meta charset=\"utf-8\"><title>\(Markup.escape(message.subject))</title>"
        + "<pre style=\"white-space:pre-wrap\">\(Markup.escape(message.text))</pre>" : message.html
    let policy =
      "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline' http: https:; font-src https:; "
      + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return answer(200, [("content-security-policy", policy)] + html, Array(body.utf8))
  }

  /// A transparent picture of one point.
  static let pixel = answer(
    200, [("content-type", "image/gif")] + fresh,
    [
      0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x21, 0xf9, 4, 1, 0, 0, 0, 0, 0x2c,
      0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b,
    ])

  /// Leads to where a link of the mail was meant to lead.
  static func redirect(to target: String) -> InternalV1.ServePublicPageResponse {
    answer(302, [("location", clean(target))] + fresh, [])
  }

  /// An address as a header may carry it.
  private static func clean(_ target: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in target.utf8 {
      if byte <= 0x20 || byte >= 0x7f || "\"<>\\^`{|}".utf8.contains(byte) {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func askToUnsubscribe(in language: String) -> InternalV1.ServePublicPageResponse {
    let words = UnsubscribeWords.of(language)
    return page(
      words,
      """
      <p>\(words.question)</p>
      <form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
      <button type="submit">\(words.button)</button></form>
      """)
  }

  static func unsubscribed(in language: String) -> InternalV1.ServePublicPageResponse {
    let words = UnsubscribeWords.of(language)
    return page(words, "<p>\(words.done)</p>")
  }

  // MARK: - Parts

  private static func page(_ words: UnsubscribeWords, _ body: String) -> InternalV1.ServePublicPageResponse {
    let text = """
      <!doctype html>
      <html lang="\(words.language)">
      <head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <meta name="robots" content="noindex"><title>\(words.title)</title>
      <style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}
      button{font:inherit;padding:.6rem 1.2rem}</style></head>
      <body><main><h1>\(words.title)</h1>
      \(body)</main></body>
      </html>

      """
    let policy =
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return answer(200, [("content-security-policy", policy)] + html, Array(text.utf8))
  }

  private static func text(_ status: Int32, _ text: String) -> InternalV1.ServePublicPageResponse {
    answer(status, plain, Array("\(text)\n".utf8))
  }

  private static let fresh = [("cache-control", "no-store")]
  private static let html = [("content-type", "text/html; charset=utf-8")] + fresh
  private static let plain = [("content-type", "text/plain; charset=utf-8")] + fresh

  private static func answer(
    _ status: Int32, _ headers: [(String, String)], _ body: [UInt8]
  ) -> InternalV1.ServePublicPageResponse {
    var response = InternalV1.ServePublicPageResponse()
    response.status = status
    response.headers = headers.map { name, value in
      var header = InternalV1.HttpHeader()
      header.name = name
      header.value = value
      return header
    }
    response.body = body
    return response
  }
}

/// What the page for unsubscribing says.
struct UnsubscribeWords: Sendable {
  let language: String
  let title: String
  let question: String
  let button: String
  let done: String

  /// In a language, or in English.
  static func of(_ language: String) -> UnsubscribeWords {
    all.first { $0.language == language } ?? all[0]
  }

  private static let all = [
    UnsubscribeWords(
      language: "en", title: "Unsubscribe", question: "Do you want to get no more of these e-mails?",
      button: "Unsubscribe", done: "You are unsubscribed, and will get no more of these e-mails."),
    UnsubscribeWords(
      language: "fr", title: "Se désabonner", question: "Souhaitez-vous ne plus recevoir ces e-mails ?",
      button: "Se désabonner", done: "Vous êtes désabonné(e) et ne recevrez plus ces e-mails."),
    UnsubscribeWords(
      language: "nl", title: "Uitschrijven", question: "Wilt u deze e-mails niet meer ontvangen?",
      button: "Uitschrijven", done: "U bent uitgeschreven en ontvangt deze e-mails niet meer."),
    UnsubscribeWords(
      language: "de", title: "Abmelden", question: "Möchten Sie diese E-Mails nicht mehr erhalten?",
      button: "Abmelden", done: "Sie sind abgemeldet und erhalten diese E-Mails nicht mehr."),
  ]
}
