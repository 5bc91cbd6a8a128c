import ArgumentParser
import Messages

/// Which part of a list a command asks for.
struct PageOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Items of a page, 1 to 1,000.", valueName: "count"))
  var pageSize: Int32?

  @Option(help: ArgumentHelp("Where the page before ended.", valueName: "token"))
  var pageToken: String?

  @Flag(help: "Every page, one after the other.")
  var all = false

  func validate() throws {
    guard pageSize.map({ (1...1_000).contains($0) }) ?? true else {
      throw ValidationError("--page-size is 1 to 1,000.")
    }
  }
}

/// A request for one page of a list.
protocol PagedRequest: Message {
  var pageSize: Int32 { get set }
  var pageToken: String { get set }
}

/// One page of a list.
protocol Page: Message {
  /// What the list is of.
  associatedtype Item: Sendable
  var nextPageToken: String { get set }
  var items: [Item] { get set }
}

extension Session {
  /// The page that the options ask for, or all of them as one.
  func page<Request: PagedRequest, Answer: Page>(
    _ method: UnaryMethod<Request, Answer>, _ request: Request, _ options: PageOptions
  ) async throws -> Answer {
    var request = request
    request.pageSize = options.pageSize ?? (options.all ? 1_000 : 0)
    request.pageToken = options.pageToken ?? ""
    var answer = try await call(method, request)
    while options.all && !answer.nextPageToken.isEmpty {
      request.pageToken = answer.nextPageToken
      let next = try await call(method, request)
      answer.items += next.items
      answer.nextPageToken = next.nextPageToken
    }
    return answer
  }
}

extension Output {
  /// Prints a page, and tells people how to get the next.
  func print<Answer: Page>(page: Answer, table: (Answer) throws -> String) throws {
    try print(page, table: table)
    if format == .table && !page.nextPageToken.isEmpty {
      Console.note("There are more: --page-token \(page.nextPageToken), or --all.")
    }
  }
}
