internal import Profiles

@main struct Main {
  static func main() async {
    await ProfilesService.run()
  }
}
