import CoreMetrics
import Foundation
import Glibc

/// What the system knows of this process, under the names that Prometheus's own clients use.
enum ProcessMetrics {
  /// Sets the gauges; what cannot be read stays as it was.
  static func record(in factory: any MetricsFactory) {
    if let pages = residentPages() {
      set("process_resident_memory_bytes", Double(pages * Int(sysconf(Int32(_SC_PAGESIZE)))), factory)
    }
    if let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      // One of them is the folder that is being read.
      set("process_open_fds", Double(descriptors.count - 1), factory)
    }
    var usage = rusage()
    if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      set("process_cpu_seconds", seconds(usage.ru_utime) + seconds(usage.ru_stime), factory)
    }
  }

  private static func set(_ name: String, _ value: Double, _ factory: any MetricsFactory) {
    factory.makeMeter(label: name, dimensions: []).set(value)
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }

  /// The second number of /proc/self/statm (proc(5)).
  private static func residentPages() -> Int? {
    guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else {
      return nil
    }
    let numbers = String(decoding: data, as: UTF8.self).split(separator: " ")
    return numbers.count > 1 ? Int(numbers[1]) : nil
  }
}
