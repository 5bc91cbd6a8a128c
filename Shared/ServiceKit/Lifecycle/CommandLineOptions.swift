/// What a service's command line may say.
struct CommandLineOptions: Equatable {
  enum Request: Equatable {
    case run
    case showVersion
    case showHelp
    case askReadiness
  }

  var request = Request.run
  /// The configuration file; nil: none.
  var configurationFile: String?

  /// The command line could not be understood; the sentence says why.
  struct Misuse: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - environment: `RAPPORT_CONFIG` names the file where `--config` does not.
  init(_ arguments: [String], environment: [String: String]) throws(Misuse) {
    configurationFile = environment["RAPPORT_CONFIG"]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--version":
        request = .showVersion
      case "--help", "-h":
        request = .showHelp
      case "--ready":
        request = .askReadiness
      case "--config":
        guard let file = rest.popFirst() else {
          throw Misuse(description: "--config needs a file.")
        }
        configurationFile = file
      default:
        throw Misuse(description: "\"\(argument)\" is not understood. Try --help.")
      }
    }
  }

  static func help(program: String, settings: [SettingDescription]) -> String {
    var text = """
      Usage: \(program) [--config FILE] [--ready] [--version] [--help]

      Runs until SIGTERM or SIGINT, then lets running calls end.
      The configuration is a JSON file (--config, or RAPPORT_CONFIG) of nested objects: {"listen": {"port": 7001}}.
      The environment overrides it: RAPPORT_LISTEN_PORT=7001.
      With --ready it asks the running process of this configuration whether it takes calls, says why not, and ends: 0 if it
      does, else 69. For health checks.

      Keys:

      """
    for setting in settings {
      text += "  \(setting.key)\n      \(setting.summary) It must be \(setting.limit).\n"
      text += setting.fallback.map { "      Default: \($0).\n" } ?? "      Must be given.\n"
    }
    return text
  }
}
