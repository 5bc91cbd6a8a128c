internal import Automation
internal import CommandLineTool
internal import DataTables
internal import Forms
internal import Foundation
internal import Gateway
internal import Messaging
internal import Profiles

/// All of the suite's programs in one file, for images: what they share is there once, on disk and in memory. It is the
/// program by whose name it is called.
@main struct Main {
  static func main() async {
    let name = CommandLine.arguments.first.map { URL(filePath: $0).lastPathComponent } ?? ""
    switch name {
    case "rapport": await Rapport.main()
    case "rapport-automation": await AutomationService.run()
    case "rapport-datatables": await DataTablesService.run()
    case "rapport-forms": await FormsService.run()
    case "rapport-gateway": await Gateway.run()
    case "rapport-messaging": await MessagingService.run()
    case "rapport-profiles": await ProfilesService.run()
    default:
      FileHandle.standardError.write(Data("No program of Rapport is called \(name). Link it to one's name.\n".utf8))
      exit(64)
    }
  }
}
