import SwiftProtobufPluginLibrary

/// How protoc-gen-c names things.
enum CName {
  /// The struct of a message: `rapport.profiles.v1.Profile` → `Rapport__Profiles__V1__Profile`.
  static func structure(_ fullName: String) -> String {
    pieces(fullName).map { piece in
      piece.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }.joined(separator: "__")
  }

  /// The prefix of its functions: `rapport__profiles__v1__profile`.
  static func function(_ fullName: String) -> String { pieces(fullName).map(lowered).joined(separator: "__") }

  /// A struct's member. Its number ends it: it can be no C keyword, and meets no other member's `has_` or `n_`.
  static func field(_ field: FieldDescriptor) -> String { Self.field(name: field.name, number: field.number) }

  static func field(name: String, number: Int32) -> String { "\(name.lowercased())_\(number)" }

  /// A oneof; its case is in the member `oneof_<index>_case`.
  static func oneof(index: Int) -> String { "oneof_\(index)" }

  private static func pieces(_ fullName: String) -> [Substring] { fullName.split(separator: ".") }

  /// An underscore before the first capital of each run: `GetHTTPRule` → `get_httprule`.
  private static func lowered(_ piece: Substring) -> String {
    var result = ""
    var wasUpper = true
    for character in piece {
      if character.isUppercase, !wasUpper { result += "_" }
      wasUpper = character.isUppercase
      result += character.lowercased()
    }
    return result
  }
}
