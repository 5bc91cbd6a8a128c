/// Why a message did not go, or a connection is of no use any more.
package enum SMTPError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No connection could be made.
  case unreachable(String)
  /// The server does not offer what the configuration asks for: encryption, a way to log in. Nothing is known of any
  /// message.
  case unusable(String)
  /// The connection broke, or the server said nothing for too long. Whatever was not answered is not known.
  case broken(String)
  /// The message was begun and its final dot never written, because the connection broke before: the server has not taken
  /// it.
  case notEnded(String)
  /// The server does not want this client, its credentials or any mail now. Nothing is known of the message.
  case unwelcome(SMTPReply)
  /// The server refused this message; the connection goes on.
  case refused(SMTPReply)
  /// The server takes nothing from this sender, and said so before it heard of any recipient; the connection goes on.
  case senderRefused(SMTPReply)
  /// The message needs what the server cannot do; the connection goes on.
  case unsupported(String)

  /// Whether other messages can be handed over on the same connection.
  package var leavesConnection: Bool {
    switch self {
    case .refused, .senderRefused, .unsupported: true
    case .unreachable, .unusable, .broken, .notEnded, .unwelcome: false
    }
  }

  /// For logs: nothing of it names a person.
  package var description: String {
    switch self {
    case .unreachable(let why): "The mail server cannot be reached: \(why)."
    case .unusable(let why): "The mail server cannot be used as configured: \(why)."
    case .broken(let why): "The connection to the mail server broke: \(why)."
    case .notEnded(let why): "The message was not ended. \(why)"
    case .unwelcome(let reply): "The mail server takes no mail from here: \(reply.codes)."
    case .refused(let reply): "The mail server refused the message: \(reply.codes)."
    case .senderRefused(let reply): "The mail server takes no mail from this sender: \(reply.codes)."
    case .unsupported(let why): why
    }
  }
}
