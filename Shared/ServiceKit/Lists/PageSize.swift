package import RPC

/// How many entries of a list a page has.
package struct PageSize: Sendable, Hashable {
  /// Entries at most.
  package let count: Int

  /// The size that a request asks for.
  ///
  /// - Parameters:
  ///   - asked: 0 stands for `standard`; more than `most` is `most` (AIP-158).
  /// - Throws: ``RPCError`` INVALID_ARGUMENT for a negative number.
  package init(asked: Int32, standard: Int = 100, most: Int = 1_000) throws(RPCError) {
    guard asked >= 0 else {
      throw RPCError(
        .invalidArgument, "A page has 1 to \(most) entries; 0 stands for \(standard).", reason: "INVALID_PAGE_SIZE",
        fieldViolations: [FieldViolation(field: "page_size", description: "It is negative.")])
    }
    count = asked == 0 ? standard : min(Int(asked), most)
  }
}
