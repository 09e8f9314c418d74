import JSON
import Tensor

/// `torch.var` and `torch.std` over axes.
protocol VarianceKind: ReductionKind {
  /// Taken from the number of places before dividing by it.
  var correction: Int { get set }
}

extension VarianceKind {
  static var correctedFields: Fields<Self> {
    Fields([
      .part(\.self, axesFields),
      .integer("correction", \.correction, 0...(1 << 30), "Taken from the number of places before dividing."),
    ])
  }

  /// Σ(x − mean)²/(n − correction); nil after a fault.
  func placeVariance(at site: LayerSite) -> Architecture.Node? {
    guard let axes = axes(at: site) else { return nil }
    let (source, places) = (site.shape, site.shape.places(along: axes))
    guard correction < places else {
      return site.fault(
        "must be less than \(places), the number of places, got \(correction)", at: "correction")
    }
    let mean = site.insert(
      .init(
        PlacedReduction(source: source, value: source.reduced(axes), factor: -1 / Double(places)),
        inputs: [site.value]))
    guard let sum = Add().place(at: site.reading([site.value, mean])) else { return nil }
    let centred = site.insert(sum)
    let shape = site.shape(ofValue: centred)
    let squares = site.insert(
      .init(PlacedPointFunction(function: PointFunction(.square), value: shape), inputs: [centred]))
    return placeSum(at: site.reading([squares])) { 1 / Double($0 - correction) }
  }

  static var examples: [LayerExample] {
    var (pictures, rows) = (standard, standard)
    pictures.dims = [2, 3]
    rows.dims = [-1]
    rows.keepsAxes = true
    rows.correction = 0
    return [LayerExample(pictures, [[3, 4, 2]]), LayerExample(rows, [[3, 4]])]
  }
}

struct Variance: VarianceKind {
  static let type = "var"
  static let standard = Variance()
  static let fields = correctedFields
  var dims: [Int] = []
  var keepsAxes = false
  var correction = 1

  func place(at site: LayerSite) -> Architecture.Node? { placeVariance(at: site) }
}

struct StandardDeviation: VarianceKind {
  static let type = "std"
  static let standard = StandardDeviation()
  static let fields = correctedFields
  var dims: [Int] = []
  var keepsAxes = false
  var correction = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let variance = placeVariance(at: site) else { return nil }
    let value = site.insert(variance)
    return .init(
      PlacedPointFunction(function: PointFunction(.root), value: site.shape(ofValue: value)), inputs: [value])
  }
}
