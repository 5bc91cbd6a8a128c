internal import Messaging

@main struct Main {
  static func main() async {
    await MessagingService.run()
  }
}
