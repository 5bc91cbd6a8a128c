import ArgumentParser

/// `rapport senders`: who messages come from.
struct SendersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "senders",
    abstract: "Who messages come from.",
    discussion: "Example: rapport senders create entities/b2c shop --file sender.json",
    subcommands: Senders.subcommands + [DeleteCommand<Senders>.self])
}
