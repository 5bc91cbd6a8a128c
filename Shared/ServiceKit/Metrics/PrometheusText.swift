extension MetricsRegistry {
  /// The media type of ``prometheusText()``.
  package static let prometheusType = "text/plain; version=0.0.4"

  /// All metrics in Prometheus's text format 0.0.4, families by name, series by labels.
  package func prometheusText() -> String {
    var text = ""
    for (label, family) in snapshot().sorted(by: { $0.key < $1.key }) {
      let name = metricName(label)
      text += "# TYPE \(name) \(family.kind.rawValue)\n"
      let series = family.series.map { (labels($0.key.pairs), $0.value) }.sorted { $0.0 < $1.0 }
      for (labels, handler) in series {
        switch handler {
        case .counter(let counter):
          text += line(name, labels, "\(counter.counter.sum)")
        case .gauge(let gauge):
          text += line(name, labels, number(gauge.value))
        case .histogram(let histogram):
          text += lines(name, labels, histogram.histogram)
        }
      }
    }
    return text
  }

  private func lines(_ name: String, _ labels: String, _ histogram: Histogram) -> String {
    let (counts, sum) = histogram.snapshot()
    var text = ""
    var total = 0
    for (index, count) in counts.enumerated() {
      total += count
      let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
      let separator = labels.isEmpty ? "" : ","
      text += line(name + "_bucket", labels + separator + "le=\"\(bound)\"", "\(total)")
    }
    text += line(name + "_sum", labels, number(sum))
    text += line(name + "_count", labels, "\(total)")
    return text
  }

  private func line(_ name: String, _ labels: String, _ value: String) -> String {
    labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }
}

/// `a="1",b="2"`, with what the format reserves escaped.
private func labels(_ pairs: [String]) -> String {
  stride(from: 0, to: pairs.count, by: 2)
    .map { "\(labelName(pairs[$0]))=\"\(escaped(pairs[$0 + 1]))\"" }
    .joined(separator: ",")
}

private func escaped(_ value: String) -> String {
  var text = ""
  for character in value.unicodeScalars {
    switch character {
    case "\\": text += "\\\\"
    case "\"": text += "\\\""
    case "\n": text += "\\n"
    default: text.unicodeScalars.append(character)
    }
  }
  return text
}

private func number(_ value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
  return "\(value)"
}

/// A metric's name: letters, digits, `_` and `:`, not starting with a digit; anything else becomes `_`.
private func metricName(_ label: String) -> String { name(label, extra: ":") }

private func labelName(_ label: String) -> String { name(label, extra: "_") }

private func name(_ label: String, extra: Unicode.Scalar) -> String {
  var name = ""
  for scalar in label.unicodeScalars {
    let isAllowed = scalar == "_" || scalar == extra || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    let isDigit = ("0"..."9").contains(scalar)
    name.unicodeScalars.append(isAllowed || (isDigit && !name.isEmpty) ? scalar : "_")
  }
  return name.isEmpty ? "_" : name
}
