import Formats
import Foundation
import JSON
import Tensor

/// The correspondence of the classes of a set and of a model.
public struct ClassMatch: Equatable, Sendable {
  /// The model's class for each class of the set; nil if they are the same.
  public var map: [Int32]?
  /// Remarks for a user on the matching.
  public var warning: String?
}

/// Why a set cannot be used with a model: all differences, each a sentence without its subject, such as "has
/// samples of the shape 3×32×32, and the model takes 1×28×28".
public struct ContractMismatch: Error, Equatable, Sendable, CustomStringConvertible {
  public var differences: [String]

  public var description: String { differences.joined(separator: "; it ") }
}

extension DataContract {
  /// Matches the classes of a set with the contract `other` to those of this model: by name if both have
  /// names, else by number.
  ///
  /// - Throws: `ContractMismatch`.
  public func classes(of other: DataContract) throws(ContractMismatch) -> ClassMatch {
    func mismatch(_ difference: String) -> ContractMismatch { ContractMismatch(differences: [difference]) }
    switch (kind, other.kind) {
    case (.labelling(let own, _, let ownCount), .labelling(let found, _, let foundCount)):
      guard own == found, ownCount == foundCount else {
        throw mismatch(
          "has \(found) classes at \(foundCount) positions, and the model has \(own) at \(ownCount)")
      }
      return ClassMatch()
    case (.labelling, _): throw mismatch("has no class a position, and the model names one")
    case (_, .labelling): throw mismatch("has a class a position, and the model does not name them")
    case (.regression(let own), .regression(let found)):
      if own != found {
        throw mismatch("has \(found) target values a sample, and the model has \(own) outputs")
      }
      return ClassMatch()
    case (.regression, .classification): throw mismatch("has classes, and the model predicts values")
    case (.classification, .regression):
      throw mismatch("has regression targets, and the model names classes")
    case (.classification(let own, var ownNames), .classification(let found, var foundNames)):
      // Classes without names count as named by their numbers, if the names of the other side are numbers.
      if ownNames == nil, let names = foundNames, Self.areNumbers(names) {
        ownNames = (0..<own).map(String.init)
      }
      if foundNames == nil, let names = ownNames, Self.areNumbers(names) {
        foundNames = (0..<found).map(String.init)
      }
      if let ownNames, let foundNames {
        return ClassMatch(map: try Self.map(foundNames, to: ownNames), warning: nil)
      }
      guard own == found else {
        throw mismatch(
          "has \(found) classes, and the model has \(own), and \(ownNames == nil && foundNames == nil ? "neither names them" : "only one of both names them"); "
            + "make it with \"classes\": \(own), or with the class names of the model")
      }
      guard let names = ownNames ?? foundNames else { return ClassMatch() }
      let which = ownNames == nil ? "the data set alone" : "the model alone"
      return ClassMatch(
        map: nil,
        warning:
          "Classes were matched by their numbers, since \(which) has class names (\(Self.list(names))). "
          + "Check that both number them in the same order, or give the names with class_names.")
    }
  }

  private static func map(_ found: [String], to own: [String]) throws(ContractMismatch) -> [Int32]? {
    let places = Dictionary(
      zip(own.map { ExactText($0) }, Int32(0)...), uniquingKeysWith: { first, _ in first })
    let map = found.map { places[ExactText($0)] }
    let strangers = zip(found, map).filter { $0.1 == nil }.map(\.0)
    guard strangers.isEmpty else {
      let others = Set(found.map { ExactText($0) })
      let missing = own.filter { !others.contains(ExactText($0)) }
      throw ContractMismatch(differences: [
        "has \(strangers.count == 1 ? "the class" : "the classes") \(list(strangers)), which the model does not have"
          + (missing.isEmpty ? "" : " (the model alone has \(list(missing)))")
          + "; make a set of the other classes alone, with a derived set's \"classes\""
      ])
    }
    let known = map.compactMap { $0 }
    return known.elementsEqual(Int32(0)..<Int32(own.count)) ? nil : known
  }

  /// Whether every name is a whole number in its usual form.
  private static func areNumbers(_ names: [String]) -> Bool {
    names.allSatisfy { name in Int(name).map { $0 >= 0 && String($0).isExactly(name) } ?? false }
  }

  static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).map { name in
      "'" + (name.count > 40 ? String(name.prefix(40)) + "…" : name) + "'"
    }
    return shown.joined(separator: ", ") + (names.count > 12 ? " and \(names.count - 12) more" : "")
  }

  /// Compares the inputs of this model with those of a set with the contract `other`.
  ///
  /// - Parameters:
  ///   - seen: the range of the set's scaled inputs, if `other.range` does not say.
  /// - Throws: `ContractMismatch` if they cannot be the same quantity.
  /// - Returns: a warning, if they may differ.
  public func inputs(
    of other: DataContract, own range: ClosedRange<Double>? = nil, seen: ClosedRange<Double>? = nil
  ) throws(ContractMismatch) -> String? {
    guard shape == other.shape else {
      func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }
      throw ContractMismatch(differences: [
        "has samples of the shape \(text(other.shape)), and the model takes \(text(shape))"
      ])
    }
    // Bytes of both sides are scaled to the same range.
    if type == .uint8, other.type == .uint8 { return nil }
    guard let own = self.range ?? range, let found = other.range ?? seen,
      type == .uint8 || other.type == .uint8
    else { return nil }
    let width = own.upperBound - own.lowerBound
    func words(_ range: ClosedRange<Double>) -> String {
      "\(brief(range.lowerBound)) to \(brief(range.upperBound))"
    }
    func beyond(_ share: Double) -> Bool {
      found.lowerBound < own.lowerBound - share * width || found.upperBound > own.upperBound + share * width
    }
    if type == .uint8 {
      if beyond(1) {
        throw ContractMismatch(differences: [
          "has inputs from \(words(found)), and the model's are bytes scaled to \(words(own)); "
            + "divide them by 255, or send them as uint8, before any normalization: the model's own is applied"
        ])
      }
      return beyond(0.05)
        ? "Inputs run from \(words(found)), beyond the \(words(own)) of the bytes that the model was trained on."
        : nil
    }
    // The set has bytes, scaled to 0…1; the model was trained on numbers.
    if own.upperBound > 2 || own.lowerBound < -1 {
      throw ContractMismatch(differences: [
        "has bytes, scaled to \(words(found)), and the model was trained on numbers from \(words(own)); "
          + "send the numbers that the model was trained on, as float32"
      ])
    }
    return nil
  }

  /// All differences of a set with the contract `other`, as far as contracts show them.
  public func differences(from other: DataContract) -> [String] {
    var differences: [String] = []
    do throws(ContractMismatch) { _ = try inputs(of: other) } catch { differences += error.differences }
    do throws(ContractMismatch) { _ = try classes(of: other) } catch { differences += error.differences }
    return differences
  }

  /// The normalization of a set's stored inputs by this model's numbers.
  /// - Parameter storage: the samples of the set, with the scale `scale`.
  func normalization(of storage: SampleStorage, scale: Double, own: Normalization) -> Normalization {
    let numbers = normalization ?? own
    var scale = scale
    if case .bytes(_, let maximum) = storage, type == .uint8, let range, maximum > 0 {
      scale = range.upperBound / Double(maximum)
    }
    return Normalization(scale: scale, mean: numbers.mean, standardDeviation: numbers.standardDeviation)
  }
}

/// A number in at most four digits.
func brief(_ value: Double) -> String { String(format: "%.4g", value) }

extension Dataset {
  /// This set in the form that a model takes: raw values normalized by the model's numbers, labels numbered
  /// as the model's classes.
  ///
  /// - Parameter own: the set that the model is for.
  /// - Throws: `ContractMismatch` with all differences.
  public func meeting(
    _ contract: DataContract, of own: Dataset
  ) throws(ContractMismatch) -> (dataset: Dataset, warnings: [String]) {
    let other = self.contract
    var differences: [String] = []
    var match = ClassMatch()
    var warning: String?
    do throws(ContractMismatch) {
      warning = try contract.inputs(
        of: other, own: contract.range == nil ? own.observedRange : nil,
        seen: other.range == nil ? observedRange : nil)
    } catch {
      differences += error.differences
    }
    do throws(ContractMismatch) { match = try contract.classes(of: other) } catch {
      differences += error.differences
    }
    guard differences.isEmpty else { throw ContractMismatch(differences: differences) }
    let set = normalized(
      by: contract.normalization(of: train.storage, scale: normalization.scale, own: own.normalization))
    return (
      set.relabelled(by: match.map, as: contract.kind), [warning, match.warning].compactMap { $0 }
    )
  }

  /// The set with class c numbered `map[c]`, and with the classes of `kind`.
  private func relabelled(by map: [Int32]?, as kind: Kind) -> Dataset {
    guard let map else { return with(kind: kind) }
    func mapped(_ split: Split) -> Split {
      split.with(
        labels: split.labels.map { map[Int($0)] },
        trueLabels: split.trueLabels.map { $0.map { map[Int($0)] } })
    }
    return with(
      kind: kind, train: mapped(train), test: mapped(test),
      poisoning: poisoning.map { $0.with(label: Int(map[$0.label])) })
  }
}
