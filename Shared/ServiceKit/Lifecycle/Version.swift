/// Which build this is.
package enum Version {
  /// The suite's version (semver.org); all services of a release have the same.
  package static let current = "0.1.0"
}
