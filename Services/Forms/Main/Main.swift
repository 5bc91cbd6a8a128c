internal import Forms

@main struct Main {
  static func main() async {
    await FormsService.run()
  }
}
