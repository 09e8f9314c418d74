import Formats
import JSON

/// What the targets of a set are to be taken for.
public enum TargetKind: String, Sendable, CaseIterable {
  /// Of a CSV file: texts are classes; whole numbers from 0 are classes where there are at most 50 different ones and
  /// several samples of each; other numbers are values. Of arrays: integers are classes, floating-point numbers are values.
  case automatic
  /// Whole numbers are classes 0 ..< k; otherwise the different texts are, in the order of their Unicode scalars.
  case classes
  /// Numbers to be predicted.
  case values
}

/// Whether whole numbers look like the numbers of classes, and not like measured values.
///
/// - Parameters:
///   - different: how many different numbers there are.
///   - largest: the largest of them.
///   - samples: how many samples have them.
func lookLikeClasses(different: Int, largest: Double, samples: Int) -> Bool {
  if different > 50 { return false }
  let areMany = samples >= 3 * different
  // A few numbers with few samples each are classes where they leave no gaps.
  return areMany || (different <= 10 && largest < 2 * Double(different))
}

/// Everything that is wrong with names of classes.
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
