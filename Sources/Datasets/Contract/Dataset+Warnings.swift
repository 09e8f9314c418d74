import Foundation
import Tensor

extension Dataset {
  /// Warnings about the set for a user: it can be used, and something about it looks wrong. Sentences; empty
  /// for most sets.
  public var warnings: [String] {
    remarks + classWarnings + nameWarnings + layoutWarnings + valueWarnings + targetWarnings
      + constantWarnings + overflowWarnings
  }

  // MARK: Classes

  private var classWarnings: [String] {
    // Of a vocabulary many words are absent.
    guard case .classification = kind else { return [] }
    let train = statistics.train.classCounts
    let test = statistics.test.classCounts
    let present = train.indices.filter { train[$0] > 0 }
    let absent = train.indices.filter { train[$0] == 0 }
    guard !absent.isEmpty else { return [] }
    var warnings: [String] = []
    let untrained = absent.filter { test.indices.contains($0) && test[$0] > 0 }
    if present.count == 1, untrained.isEmpty {
      return ["Every training sample is of \(named(present)): there is nothing to tell apart."]
    }
    if !untrained.isEmpty {
      warnings.append(
        "No training sample is of \(named(untrained)), which the test split has: a model cannot learn it, and its outputs are there for nothing. "
          + "Put samples of it into the training split, or leave it out of the test split.")
    }
    let empty = absent.filter { !untrained.contains($0) }
    if empty == [0], present.count > 1 {
      warnings.append(
        "No sample is of class 0: the labels run from \(present[0]) to \(present[present.count - 1]). "
          + "Labels count from 0; subtract \(present[0]), or the output of class 0 stays without a sample.")
    } else if !empty.isEmpty {
      warnings.append(
        "No sample is of \(named(empty)): \(train.count) outputs, of which \(present.count) have training samples. "
          + "Number the classes without gaps, or check that the labels are classes and no values.")
    }
    return warnings
  }

  /// `class 3`, `classes 3 and 5`, with the names of the classes if they have some.
  private func named(_ classes: [Int]) -> String {
    let names = kind.classNames
    let shown = classes.prefix(10).map { label in
      names.map { $0.indices.contains(label) ? "\(label) ('\($0[label])')" : "\(label)" } ?? "\(label)"
    }
    let more = classes.count > 10 ? " and \(classes.count - 10) more" : ""
    return (classes.count == 1 ? "class " : "classes ") + shown.joined(separator: ", ") + more
  }

  /// Swift compares texts by canonical equivalence: two spellings that are equal look the same to a reader.
  private var nameWarnings: [String] {
    guard let names = kind.classNames else { return [] }
    var first: [String: Int] = [:]
    var warnings: [String] = []
    for (place, name) in names.enumerated() {
      if let earlier = first[name] {
        warnings.append(
          "Classes \(earlier) and \(place) are both written '\(name)' and differ in their Unicode form alone. "
            + "They stay two classes; bring the file to one form (NFC) if they are one.")
      } else {
        first[name] = place
      }
    }
    return Array(warnings.prefix(5))
  }

  // MARK: Inputs

  private var layoutWarnings: [String] {
    guard [1, 3, 4].contains(shape.width), shape.channels >= 8, shape.height >= 8 else { return [] }
    let (first, second, last) = (shape.channels, shape.height, shape.width)
    return [
      "Samples of \(first)×\(second)×\(last) are read as \(first) channels of \(second)×\(last) positions. "
        + "If they are pictures of \(first)×\(second) with \(last) channels, send them with the channels first: x.transpose(0, 3, 1, 2)."
    ]
  }

  /// Larger root mean squares give a warning, because gradients grow with the square of the inputs.
  private static let mostUsualSize = 30.0

  private var valueWarnings: [String] {
    var warnings: [String] = []
    if case .bytes(let values, let maximum) = train.storage, maximum == 255, normalization.scale < 1,
      let largest = values.max(), largest <= 32
    {
      warnings.append(
        "Bytes are divided by 255, and the largest is \(largest): scaled inputs reach \(brief(Double(largest) / 255)) only. "
          + "If they are counts or flags and no pixels, send them as float32, or standardize them (\"normalization\": \"standardize\")."
      )
    }
    let moments = statistics.train.inputs
    let sizes = shape.channelIndices.map { channel -> Double in
      let distance = moments.mean[channel] - normalization.mean[channel]
      let deviation = moments.standardDeviation[channel]
      return (distance * distance + deviation * deviation).squareRoot()
        / normalization.standardDeviation[channel]
    }
    let large = sizes.indices.filter { sizes[$0] > Self.mostUsualSize }
    guard let worst = large.max(by: { sizes[$0] < sizes[$1] }) else { return warnings }
    // Token ids are as they should be.
    let areWhole = wholeNumbers?.allSatisfy { ($0?.lowerBound ?? -1) >= 0 } ?? false
    let advice =
      areWhole
      ? "As token ids they are right; as measurements, standardize them (\"normalization\": \"standardize\")."
      : "Most trainings expect inputs of a few units: standardize them (\"normalization\": \"standardize\"), or scale them before."
    if isPictures, valueRange == 0...255 {
      warnings.append(
        "Inputs run from 0 to 255 and are not scaled: they look like the bytes of pictures. Send them as uint8, divide them by 255, or "
          + "standardize them (\"normalization\": \"standardize\").")
    } else if isPictures {
      warnings.append("Inputs have a root mean square of \(brief(sizes[worst])). \(advice)")
    } else {
      warnings.append(
        "\(large.count) of \(sizes.count) features \(large.count == 1 ? "lies" : "lie") far from 0: feature \(worst) has a root mean square of \(brief(sizes[worst])). "
          + advice)
    }
    return warnings
  }

  /// Larger root mean squares of regression targets give a warning.
  private static let mostUsualTarget = 100.0

  private var targetWarnings: [String] {
    guard let moments = statistics.train.targets else { return [] }
    let sizes = zip(moments.mean, moments.standardDeviation).map { ($0 * $0 + $1 * $1).squareRoot() }
    guard let largest = sizes.max(), largest > Self.mostUsualTarget else { return [] }
    return [
      "Targets have a root mean square of \(brief(largest)), so that losses and gradients are of the order of its square. "
        + "A training by sgd or adam may diverge: bring targets to a few units, or train by newton or lbfgs."
    ]
  }

  private var constantWarnings: [String] {
    guard train.count > 1 else { return [] }
    let moments = statistics.train.inputs
    let constant = shape.channelIndices.filter {
      moments.standardDeviation[$0] <= 2 * .ulpOfOne * abs(moments.mean[$0])
    }
    guard let first = constant.first else { return [] }
    let what = shape.isVector ? "feature" : "channel"
    return [
      "\(constant.count) of \(shape.channels) \(what)s \(constant.count == 1 ? "is" : "are") constant in the training split, "
        + "such as \(what) \(first), which is \(brief(moments.mean[first])): a constant \(what) tells samples apart by nothing."
    ]
  }

  private var overflowWarnings: [String] {
    guard let overflow = float32Overflow else { return [] }
    let text = "\(overflow)"
    return [
      text.prefix(1).uppercased() + text.dropFirst()
        + ": only models with \"precision\": \"float64\" can use the set."
    ]
  }
}

extension Shape {
  fileprivate var channelIndices: Range<Int> { 0..<channels }
}
