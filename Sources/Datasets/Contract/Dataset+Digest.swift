import Formats
import Tensor

extension Dataset {
  /// The text that `sha256` digests. Lines say shape, kind, normalization (bit patterns) and sizes. After
  /// each come the little-endian bytes of the arrays that it announces, inputs channels-last.
  func contentDigest() -> String {
    var hash = SHA256()
    func line(_ text: String) { hash.update(Array((text + "\n").utf8)) }
    func array<Element: BitwiseCopyable>(_ title: String, _ values: [Element]) {
      line("\(title) \(values.count)")
      values.withUnsafeBytes { hash.update($0) }
    }
    line("influenced data set 1")
    line("shape \(shape.height) \(shape.width) \(shape.channels)")
    switch kind {
    case .classification(let classes, _): line("classes \(classes)")
    case .regression(let outputs): line("outputs \(outputs)")
    case .labelling(let classes, _, let count): line("classes \(classes) positions \(count)")
    }
    array("normalization", [normalization.scale] + normalization.mean + normalization.standardDeviation)
    for (title, split) in [("train", train), ("test", test)] {
      line(title)
      switch split.storage {
      case .bytes(let values, let maximum): array("bytes \(maximum)", values)
      case .float32(let values): array("float32", values)
      case .float64(let values): array("float64", values)
      }
      array("labels", split.labels)
      if let targets = split.targets { array("targets", targets.elements) }
      if let positions = split.positions { array("positions", positions.elements) }
      if let labels = split.trueLabels { array("true labels", labels) }
      for group in SampleGroup.allCases {
        if let indices = split.groups[group] { array(group.rawValue, indices.map(Int64.init)) }
      }
    }
    if let poisoning { line("trigger \(poisoning.trigger) label \(poisoning.label)") }
    return hash.digest().hexadecimal
  }
}
