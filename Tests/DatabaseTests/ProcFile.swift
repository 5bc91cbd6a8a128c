import Foundation

/// The bytes of a file of /proc, which has no size to read it by.
func contents(of path: String) throws -> Data {
  let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
  defer { try? handle.close() }
  return try handle.readToEnd() ?? Data()
}
