import Messages

/// The rights that somebody holds in one entity: for each module, which.
///
/// Write brings read with it; the single rights stand for themselves. `MODULE_ALL` brings the right in every module but
/// access.
struct RightSet: Sendable, Hashable {
  /// Eight bits a module, the lowest eight for module 0; within them a bit a right, by its number.
  private var bits: UInt128 = 0

  /// No right at all.
  init() {}

  /// Every module that rights can be granted for, `MODULE_ALL` apart.
  static let modules: [OptionsV1.Module] = OptionsV1.Module.allCases.filter { $0 != .unspecified && $0 != .all }

  /// Every right that can be granted.
  static let rights: [OptionsV1.Right] = [.read, .write, .launch, .export, .erase, .administer]

  /// Whether there is no right in any module.
  var isEmpty: Bool { bits == 0 }

  /// Adds a right, with what it includes. Numbers that cannot be granted add nothing.
  mutating func insert(_ right: OptionsV1.Right, of module: OptionsV1.Module) {
    guard module != .all else {
      for one in Self.modules where one != .access { insert(right, of: one) }
      return
    }
    guard Self.rights.contains(right) else { return }
    bits |= Self.bit(right, module)
    if right == .write { bits |= Self.bit(.read, module) }
  }

  /// Whether the right is held in the module. Rights and modules that cannot be granted never are.
  func allows(_ right: OptionsV1.Right, of module: OptionsV1.Module) -> Bool {
    bits & Self.bit(right, module) != 0
  }

  /// The rights held in a module, lowest number first.
  func rights(of module: OptionsV1.Module) -> [OptionsV1.Right] {
    Self.rights.filter { allows($0, of: module) }
  }

  /// Adds the rights of another set.
  mutating func formUnion(_ other: RightSet) {
    bits |= other.bits
  }

  /// The rights of both sets.
  func union(_ other: RightSet) -> RightSet {
    var union = self
    union.formUnion(other)
    return union
  }

  private static func bit(_ right: OptionsV1.Right, _ module: OptionsV1.Module) -> UInt128 {
    // Sixteen modules of eight rights fit; what lies outside is no right of ours.
    guard (0..<16).contains(module.rawValue), (0..<8).contains(right.rawValue) else { return 0 }
    return 1 << UInt128(module.rawValue * 8 + right.rawValue)
  }
}
