internal import DataTables

@main struct Main {
  static func main() async {
    await DataTablesService.run()
  }
}
