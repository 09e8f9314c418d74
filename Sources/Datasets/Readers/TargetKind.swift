import Formats
import JSON

/// The meaning of the labels of arrays.
public enum ArrayTargetKind: String, Sendable, CaseIterable {
  /// Integers (n) are classes, integers (n, positions) are a class a position, and floating-point numbers are
  /// values.
  case automatic
  /// Whole numbers are classes 0 ..< k.
  case classes
  /// Numbers to be predicted.
  case values
  /// A class for each position of a sample.
  case positions
}

/// The meaning of the targets of a CSV file.
public enum TargetKind: String, Sendable, CaseIterable {
  /// Texts are classes. Whole numbers from 0 are classes if there are at most 50 different ones
  /// and several samples of each. Other numbers are values.
  case automatic
  /// Whole numbers are classes 0 ..< k. Otherwise the different texts are, in the order of their Unicode
  /// scalars.
  case classes
  /// Numbers to be predicted.
  case values
}

/// Whether whole numbers look like the numbers of classes, and not like measured values.
///
/// - Parameters:
///   - different: the number of different numbers.
///   - largest: the largest of them.
///   - samples: the number of samples.
func lookLikeClasses(different: Int, largest: Double, samples: Int) -> Bool {
  if different > 50 { return false }
  let areMany = samples >= 3 * different
  // A few numbers with few samples each are classes if they leave no gaps.
  return areMany || (different <= 10 && largest < 2 * Double(different))
}

/// All faults of names of classes.
func classNameFaults(_ names: [String], classes: Int?) -> [ParameterFault] {
  var faults: [ParameterFault] = []
  if names.count < 2 || names.count > mostClasses {
    faults.append(ParameterFault("class_names", "must be 2 to \(mostClasses) names, got \(names.count)"))
  } else if let classes, classes != names.count {
    faults.append(
      ParameterFault("class_names", "must be as many as classes, \(classes), got \(names.count)"))
  }
  if names.contains("") { faults.append(ParameterFault("class_names", "must not be empty texts")) }
  var seen: Set<ExactText> = []
  if let twice = names.first(where: { !seen.insert(ExactText($0)).inserted }) {
    faults.append(ParameterFault("class_names", "must name each class once, got '\(twice)' twice"))
  }
  return faults
}
