/// PostgreSQL's numbers of the types that we read and write (src/include/catalog/pg_type.dat); they never change.
struct PostgresType: RawRepresentable, Sendable, Hashable {
  let rawValue: UInt32

  static let bool = PostgresType(rawValue: 16)
  static let bytea = PostgresType(rawValue: 17)
  static let char = PostgresType(rawValue: 18)
  static let name = PostgresType(rawValue: 19)
  static let int8 = PostgresType(rawValue: 20)
  static let int2 = PostgresType(rawValue: 21)
  static let int4 = PostgresType(rawValue: 23)
  static let text = PostgresType(rawValue: 25)
  static let oid = PostgresType(rawValue: 26)
  static let json = PostgresType(rawValue: 114)
  static let float4 = PostgresType(rawValue: 700)
  static let float8 = PostgresType(rawValue: 701)
  static let unknown = PostgresType(rawValue: 705)
  static let bpchar = PostgresType(rawValue: 1042)
  static let varchar = PostgresType(rawValue: 1043)
  static let date = PostgresType(rawValue: 1082)
  static let timestamptz = PostgresType(rawValue: 1184)
  static let numeric = PostgresType(rawValue: 1700)
  static let uuid = PostgresType(rawValue: 2950)
  static let jsonb = PostgresType(rawValue: 3802)

  /// Numbers below this are of PostgreSQL itself; an enum or domain of the user's is above.
  static let firstUserDefined: UInt32 = 16_384

  var isUserDefined: Bool { rawValue >= Self.firstUserDefined }

  /// Whether the binary form is the bytes of the text.
  var isText: Bool {
    switch self {
    case .text, .varchar, .bpchar, .name, .unknown, .char: true
    default: isUserDefined
    }
  }

  /// The type of an array's elements; nil when this is no array type of ours.
  var element: PostgresType? { Self.elements[self] }

  /// The type of an array of these.
  var array: PostgresType? { Self.arrays[self] }

  private static let arrays: [PostgresType: PostgresType] = Dictionary(
    uniqueKeysWithValues: elements.map { ($0.value, $0.key) })

  private static let elements: [PostgresType: PostgresType] = Dictionary(
    uniqueKeysWithValues: [
      (1_000, bool), (1_001, bytea), (1_005, int2), (1_007, int4), (1_016, int8), (1_009, text), (1_015, varchar),
      (1_014, bpchar), (1_003, name), (1_021, float4), (1_022, float8), (1_231, numeric), (1_182, date),
      (1_185, timestamptz), (2_951, uuid), (3_807, jsonb), (199, json), (1_028, oid),
    ].map { (PostgresType(rawValue: $0), $1) })
}
