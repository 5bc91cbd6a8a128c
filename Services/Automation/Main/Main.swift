internal import Automation

@main struct Main {
  static func main() async {
    await AutomationService.run()
  }
}
