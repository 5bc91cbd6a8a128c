/// An identifier as PostgreSQL reads it literally: in double quotes, inner quotes doubled.
///
/// - Throws: ``DatabaseError`` `.invalidValue` for an empty name, one with U+0000, or one above 63 bytes of UTF-8, which
///   PostgreSQL would cut without an error.
package func quoted(_ identifier: String) throws(DatabaseError) -> String {
  guard !identifier.isEmpty, identifier.utf8.count <= 63, !identifier.utf8.contains(0) else {
    throw DatabaseError(.invalidValue, "An identifier has 1 to 63 bytes, none of them zero.")
  }
  var quoted = "\""
  for scalar in identifier.unicodeScalars {
    if scalar == "\"" { quoted.unicodeScalars.append("\"") }
    quoted.unicodeScalars.append(scalar)
  }
  return quoted + "\""
}

/// A text as a literal of SQL, for the statements that take no parameters (CREATE FUNCTION, ALTER ROLE).
///
/// Right with any setting of `standard_conforming_strings`: a backslash makes it an escape string.
func literal(_ text: String) throws(DatabaseError) -> String {
  guard !text.utf8.contains(0) else { throw DatabaseError(.invalidValue, "A text cannot contain U+0000.") }
  var literal = ""
  var hasBackslash = false
  for scalar in text.unicodeScalars {
    if scalar == "'" || scalar == "\\" { literal.unicodeScalars.append(scalar) }
    if scalar == "\\" { hasBackslash = true }
    literal.unicodeScalars.append(scalar)
  }
  return (hasBackslash ? "E'" : "'") + literal + "'"
}
