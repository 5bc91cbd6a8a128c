package import NIOHTTP1

/// Which handler answers which method and path.
///
/// A pattern is a path whose segments are literal, or `{name}` for any one segment, or, last, `{name...}` for one or more.
/// Routes are tried in the order in which they were added.
package struct HTTPRoutes: Sendable {
  /// Answers one request. What it throws is answered 500 and logged by its type only.
  package typealias Handler = @Sendable (HTTPRequest) async throws -> HTTPResponse

  /// A handler, its body limit, and what the pattern named.
  struct Match: Sendable {
    var handler: Handler
    var maximumBodyBytes: Int?
    var parameters: [String: String]
  }

  /// What a method and path lead to.
  enum Finding: Sendable {
    case found(Match)
    case methodNotAllowed(allowed: [HTTPMethod])
    case notFound
  }

  private struct Route: Sendable {
    var method: HTTPMethod
    var pattern: HTTPPathPattern
    var handler: Handler
    var maximumBodyBytes: Int?
  }

  private var routes: [Route] = []
  private var fallback: Match?

  /// No routes: everything is answered 404.
  package init() {}

  /// Adds a route. A GET route also answers HEAD, without the content.
  ///
  /// - Parameters:
  ///   - pattern: such as `/f/{form}`.
  ///   - maximumBodyBytes: in place of ``HTTPServerConfiguration/maximumBodyBytes``.
  package mutating func on(
    _ method: HTTPMethod, _ pattern: HTTPPathPattern, maximumBodyBytes: Int? = nil, _ handler: @escaping Handler
  ) {
    routes.append(
      Route(method: method, pattern: pattern, handler: handler, maximumBodyBytes: maximumBodyBytes))
  }

  /// Sets what answers when no route's pattern fits.
  package mutating func otherwise(maximumBodyBytes: Int? = nil, _ handler: @escaping Handler) {
    fallback = Match(handler: handler, maximumBodyBytes: maximumBodyBytes, parameters: [:])
  }

  func find(_ method: HTTPMethod, _ target: HTTPTarget) -> Finding {
    var allowed: [HTTPMethod] = []
    for route in routes {
      guard let parameters = route.pattern.parameters(of: target.segments) else {
        continue
      }
      if route.method == method || (route.method == .GET && method == .HEAD) {
        return .found(
          Match(handler: route.handler, maximumBodyBytes: route.maximumBodyBytes, parameters: parameters))
      }
      allowed.append(route.method)
    }
    if !allowed.isEmpty {
      return .methodNotAllowed(allowed: allowed)
    }
    return fallback.map(Finding.found) ?? .notFound
  }
}

/// The path of a route: `/t/{link}/open.gif`.
package struct HTTPPathPattern: Sendable, Hashable, ExpressibleByStringLiteral {
  private enum Segment: Sendable, Hashable {
    case literal(String)
    case one(String)
    case rest(String)
  }

  private let segments: [Segment]

  /// Parses a pattern; a leading `/` may be left out.
  package init(_ text: String) {
    let path = text.hasPrefix("/") ? text.dropFirst() : text[...]
    segments = path.split(separator: "/", omittingEmptySubsequences: false).map { piece in
      guard piece.hasPrefix("{"), piece.hasSuffix("}") else {
        return .literal(String(piece))
      }
      let name = piece.dropFirst().dropLast()
      return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .one(String(name))
    }
  }

  /// Parses a pattern.
  package init(stringLiteral text: String) {
    self.init(text)
  }

  /// What the pattern's names stand for in a path, or nil when it does not fit. The segments of `{name...}` are joined by `/`.
  func parameters(of path: [String]) -> [String: String]? {
    var parameters: [String: String] = [:]
    for (index, segment) in segments.enumerated() {
      guard index < path.count else {
        return nil
      }
      switch segment {
      case .literal(let text):
        guard path[index] == text else {
          return nil
        }
      case .one(let name):
        guard !path[index].isEmpty else {
          return nil
        }
        parameters[name] = path[index]
      case .rest(let name):
        parameters[name] = path[index...].joined(separator: "/")
        return parameters
      }
    }
    return segments.count == path.count ? parameters : nil
  }
}
