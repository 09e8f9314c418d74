import Formats

/// A value of the graph that is made.
///
/// A model is followed for a batch of one sample, so the batch is an axis of one place. The graph has no batch: each
/// value leaves out one axis of one place, or none. A model may move the batch, or merge it with other axes. Then the
/// value has all axes, and a later reshape leaves one out again.
struct ONNXGraphValue {
  /// The name of the node.
  var name: String
  /// With the batch.
  var shape: [Int]
  /// The axis of one place that the node's value leaves out.
  var dropped: Int?
  var type = ONNXConstant.ElementType.float
  /// The numbers of a constant.
  var constant: ONNXConstant?

  var rank: Int { shape.count }
  /// The product of the sizes, or the largest number if it is beyond that.
  var count: Int {
    shape.reduce(1) {
      let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
      return overflow ? .max : product
    }
  }
  /// The shape of the node's value.
  var sizes: [Int] { Self.sizes(shape, dropped) }

  static func sizes(_ shape: [Int], _ dropped: Int?) -> [Int] {
    shape.indices.filter { $0 != dropped }.map { shape[$0] }
  }

  /// The number in the graph, where 0 is the batch, of an axis that is not left out.
  func axis(_ axis: Int) -> Int {
    if let dropped, axis > dropped { axis } else { axis + 1 }
  }

  /// The axis that a new value leaves out: the first, where it can.
  static func batchAxis(_ shape: [Int]) -> Int? { shape.count > 1 && shape[0] == 1 ? 0 : nil }
}

/// A tensor of the file that may become a parameter: its numbers in another order or under other sizes.
struct ONNXWeightView: Equatable {
  let tensor: ONNXTensor
  /// The order of the file's axes.
  var permutation: [Int]?
  /// The sizes, with the same numbers as the permuted tensor.
  var shape: [Int]
  /// Whether the file has it as the value of a `Constant`.
  var isOfNode = false

  init(_ tensor: ONNXTensor, isOfNode: Bool = false) {
    self.tensor = tensor
    shape = tensor.shape
    self.isOfNode = isOfNode
  }

  /// The axes in another order; nil if the sizes are no longer those of the file.
  func permuted(_ axes: [Int]) -> ONNXWeightView? {
    let old = permutation ?? Array(tensor.shape.indices)
    guard shape == old.map({ tensor.shape[$0] }) else { return nil }
    var view = self
    let order = axes.map { old[$0] }
    view.permutation = order == Array(order.indices) ? nil : order
    view.shape = axes.map { shape[$0] }
    return view
  }

  func reshaped(_ shape: [Int]) -> ONNXWeightView {
    var view = self
    view.shape = shape
    return view
  }

  static func == (left: ONNXWeightView, right: ONNXWeightView) -> Bool {
    left.tensor.name == right.tensor.name && left.permutation == right.permutation
      && left.shape == right.shape
  }
}

/// A value of the file, which the nodes know by its name.
enum ONNXValue {
  case constant(ONNXConstant)
  case weight(ONNXWeightView)
  case node(ONNXGraphValue)
  /// The result of an operation that cannot be converted.
  case unknown

  var shape: [Int]? {
    switch self {
    case .constant(let constant): constant.shape
    case .weight(let view): view.shape
    case .node(let value): value.shape
    case .unknown: nil
    }
  }
}

/// Why an operation cannot be converted.
struct ONNXMissing: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
