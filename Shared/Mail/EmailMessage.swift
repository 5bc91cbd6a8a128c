package import Values

/// An e-mail: who, to whom, and what it says as text and as HTML.
package struct EmailMessage: Sendable, Hashable {
  /// A part of the message that cannot be sent, and why.
  package struct Fault: Error, Sendable, Hashable {
    /// `subject`, `from`, `messageID`, …
    package let part: String
    package let explanation: String
  }

  /// An address with the name that people see.
  package struct Party: Sendable, Hashable {
    package var name: String
    package var address: EmailAddress

    /// - Parameter name: empty: the address alone is shown.
    package init(name: String = "", address: EmailAddress) {
      self.name = name
      self.address = address
    }
  }

  /// How a recipient ends the subscription with one click (RFC 2369, RFC 8058).
  package struct Unsubscribing: Sendable, Hashable {
    /// Takes a POST of `List-Unsubscribe=One-Click`.
    package var url: String

    /// - Parameter url: https, but for tests on this machine.
    package init(url: String) {
      self.url = url
    }
  }

  package var from: Party
  package var replyTo: EmailAddress?
  package var to: Party
  package var subject: String
  package var text: String
  /// Nil: a mail of text alone.
  package var html: String?
  /// Without angle brackets: `42.a1b2@example.test`.
  package var messageID: String
  package var date: Timestamp
  package var unsubscribing: Unsubscribing?
  /// Further headers, by name in their order.
  package var headers: [Header] = []

  /// A header of its own.
  package struct Header: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// A message; nothing is checked before it is encoded.
  package init(
    from: Party, to: Party, subject: String, text: String, html: String? = nil, messageID: String, date: Timestamp
  ) {
    self.from = from
    self.to = to
    self.subject = subject
    self.text = text
    self.html = html
    self.messageID = messageID
    self.date = date
  }

  /// The message's bytes (RFC 5322, RFC 2045): lines of at most 78 characters that end in CR LF, all ASCII unless an
  /// address is not.
  ///
  /// The same message always gives the same bytes.
  ///
  /// - Throws: ``Fault`` for a line break or another control character in a header: nobody adds a header by a name.
  package func encoded() throws(Fault) -> [UInt8] {
    var headers = HeaderWriter()
    try headers.add("Date", raw: MailDate.text(of: date))
    try headers.add("From", from)
    if let replyTo { try headers.add("Reply-To", Party(address: replyTo)) }
    try headers.add("To", to)
    try headers.add("Subject", text: subject)
    try headers.add("Message-ID", raw: "<\(try checkedID())>")
    if let unsubscribing {
      try headers.add("List-Unsubscribe", raw: "<\(unsubscribing.url)>")
      try headers.add("List-Unsubscribe-Post", raw: "List-Unsubscribe=One-Click")
    }
    for header in self.headers { try headers.add(header.name, text: header.value) }
    try headers.add("MIME-Version", raw: "1.0")
    var bytes = headers.bytes
    // Almost all of it are texts, which need little more room than they have.
    bytes.reserveCapacity(bytes.count + (text.utf8.count + (html ?? "").utf8.count) * 5 / 4 + 1_024)
    appendBody(to: &bytes)
    return bytes
  }

  private func checkedID() throws(Fault) -> String {
    let parts = messageID.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), messageID.utf8.count <= 250,
      messageID.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"<>\"(),:;[\\]".utf8.contains($0) })
    else { throw Fault(part: "messageID", explanation: "It is no message id. Make it of letters and digits.") }
    return messageID
  }

  // MARK: - Body

  private func appendBody(to bytes: inout [UInt8]) {
    guard let html else { return Self.append(text, as: "plain", to: &bytes) }
    let boundary = self.boundary
    bytes += "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\r\n\r\n".utf8
    for (kind, content) in [("plain", text), ("html", html)] {
      bytes += "--\(boundary)\r\n".utf8
      Self.append(content, as: kind, to: &bytes)
    }
    bytes += "--\(boundary)--\r\n".utf8
  }

  private static func append(_ content: String, as kind: String, to bytes: inout [UInt8]) {
    bytes += "Content-Type: text/\(kind); charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".utf8
    QuotedPrintable.append(content, to: &bytes)
  }

  /// `=_` is never in a part: quoted-printable writes it as `=3D_` (RFC 2045 §6.7).
  private var boundary: String {
    "=_\(messageID.utf8.reduce(into: UInt64(14_695_981_039_346_656_037)) { $0 = ($0 ^ UInt64($1)) &* 1_099_511_628_211 })"
  }
}

/// The date of a message (RFC 5322 §3.3), in UTC.
enum MailDate {
  static func text(of moment: Timestamp) -> String {
    let seconds = moment.microsecondsSinceEpoch / 1_000_000
    guard let date = try? moment.utcDate else { return "" }
    let (year, month, day) = date.components
    let second = Int(seconds - Int64(date.daysSinceEpoch) * 86_400)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][(Int(date.daysSinceEpoch) % 7 + 11) % 7]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))"
    return "\(weekday), \(two(day)) \(months[month - 1]) \(year) \(clock) +0000"
  }
}
