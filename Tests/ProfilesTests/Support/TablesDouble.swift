import Messages
import Populations
import RPC
import Synchronization

/// Answers as DataTables does what Profiles asks of it: a repository of stores, and rows of `orders` with a number each.
final class TablesDouble: Sendable {
  static let stores = "entities/b2c/customTables/stores"
  static let orders = "entities/b2c/customTables/orders"

  private struct State {
    /// Cities by the stores' codes; nil where a store has none.
    var stores: [String: String?] = [:]
    /// The numbers of each profile's rows.
    var orders: [UInt32: [Int64]] = [:]
    var hidesOrders = false
  }

  private let state = Mutex(State())

  var stores: [String: String?] {
    get { state.withLock(\.stores) }
    set { state.withLock { $0.stores = newValue } }
  }

  var orders: [UInt32: [Int64]] {
    get { state.withLock(\.orders) }
    set { state.withLock { $0.orders = newValue } }
  }

  /// Whether the table of orders is gone.
  var hidesOrders: Bool {
    get { state.withLock(\.hidesOrders) }
    set { state.withLock { $0.hidesOrders = newValue } }
  }

  var router: Router {
    var router = Router()
    router.handle(InternalV1.TableDirectoryService.describeCustomTable) { request, _ in
      guard request.name == Self.stores else { throw Self.missing(request.name) }
      var response = InternalV1.DescribeCustomTableResponse()
      response.customTable = .init()
      response.customTable?.type = .repository
      return response
    }
    router.handle(InternalV1.TableDirectoryService.findRows) { request, _ in
      var response = InternalV1.FindRowsResponse()
      // As a repository whose keys are written in capitals, whatever is asked for.
      for key in request.keys where self.stores[key.uppercased()] != nil {
        response.rows[key] = .init()
        response.rows[key]?.values = ["code": .text(key.uppercased())]
      }
      return response
    }
    router.handle(InternalV1.TableDirectoryService.evaluateRepository) { request, _ in
      guard request.column == "city" else { throw Self.invalid("column") }
      let cities = self.stores
      var response = InternalV1.EvaluateRepositoryResponse()
      response.keys = cities.filter { meets($0.value, request.comparison) }.map(\.key)
      return response
    }
    router.handle(InternalV1.TableDirectoryService.batchEvaluateRows) { request, _ in
      var response = InternalV1.BatchEvaluateRowsResponse()
      response.answers = try request.criteria.enumerated().map { try self.answer($1, at: "criteria[\($0)]") }
      return response
    }
    return router
  }

  private func answer(
    _ criterion: TargetingV1.RowsCriterion, at path: String
  ) throws -> InternalV1.EvaluateRowsResponse {
    guard criterion.table == Self.orders, !hidesOrders else { throw Self.missing(criterion.table) }
    if criterion.column == "unknown" { throw Self.invalid("\(path).column") }
    let orders = orders
    var answer = InternalV1.EvaluateRowsResponse()
    answer.profiles =
      Population(orders.filter { meets(aggregate(criterion, over: $0.value), criterion.comparison) }.map(\.key)).message
    answer.holdsWithoutRows = meets(aggregate(criterion, over: []), criterion.comparison)
    if answer.holdsWithoutRows { answer.withRows = Population(orders.keys).message }
    return answer
  }

  private static func missing(_ name: String) -> RPCError {
    RPCError(.notFound, "There is none.", reason: "RESOURCE_NOT_FOUND", resource: name)
  }

  private static func invalid(_ field: String) -> RPCError {
    RPCError(
      .invalidArgument, "Not accepted.", reason: "INVALID_FIELD",
      fieldViolations: [FieldViolation(field: field, description: "There is no such column.")])
  }
}

/// What a criterion computes over the numbers of a profile's rows; nil where that is absent.
func aggregate(_ criterion: TargetingV1.RowsCriterion, over numbers: [Int64]) -> Int64? {
  switch criterion.aggregate {
  case .count: Int64(numbers.count)
  case .sum: numbers.reduce(0, +)
  case .min: numbers.min()
  default: numbers.max()
  }
}

/// Whether a whole number meets a comparison.
func meets(_ number: Int64?, _ comparison: TargetingV1.Comparison?) -> Bool {
  if case .isSet(let isSet) = comparison?.kind { return (number != nil) == isSet }
  guard let number else { return false }
  switch comparison?.kind {
  case .equals(let value): return value.kind == .int64Value(number)
  case .oneOf(let list): return list.values.contains { $0.kind == .int64Value(number) }
  case .range(let range):
    if case .from(let bound) = range.lower, number < bound.number { return false }
    if case .after(let bound) = range.lower, number <= bound.number { return false }
    if case .to(let bound) = range.upper, number > bound.number { return false }
    if case .before(let bound) = range.upper, number >= bound.number { return false }
    return true
  default: return false
  }
}

/// Whether a text meets a comparison.
func meets(_ text: String?, _ comparison: TargetingV1.Comparison?) -> Bool {
  if case .isSet(let isSet) = comparison?.kind { return (text != nil) == isSet }
  guard let text else { return false }
  switch comparison?.kind {
  case .equals(let value): return value.kind == .stringValue(text)
  case .oneOf(let list): return list.values.contains { $0.kind == .stringValue(text) }
  case .contains(let part): return text.lowercased().contains(part.lowercased())
  case .startsWith(let part): return text.lowercased().hasPrefix(part.lowercased())
  default: return false
  }
}

extension TargetingV1.Bound {
  fileprivate var number: Int64 {
    if case .value(let value) = kind, case .int64Value(let number) = value.kind { number } else { 0 }
  }
}
