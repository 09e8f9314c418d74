import JSON
import Tensor

/// A condition of two values with PyTorch's broadcasting, or of one value and a constant. The value is 1 where
/// the condition holds, and 0 elsewhere. Its derivative is zero.
protocol ComparisonKind: BinaryKind {
  static var condition: Comparison { get }
}

extension ComparisonKind {
  static var examples: [LayerExample] {
    [
      LayerExample(standard, [[3, 4, 2], [3, 1, 1]]), LayerExample(standard, [[5]]),
      LayerExample(standard, [[3, 4], [4]], .whole(below: 2)),
    ]
  }

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 1 {
      return site.node(
        PlacedComparison(value: site.shape, condition: Self.condition, constant: constant))
    }
    return site.broadcast().map {
      .init(PlacedComparison(value: $0.value, condition: Self.condition, constant: nil), inputs: $0.inputs)
    }
  }
}

/// `torch.eq`.
struct Equal: ComparisonKind {
  static let type = "equal"
  static let condition = Comparison.equal
  static let standard = Equal()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.ne`.
struct NotEqual: ComparisonKind {
  static let type = "not_equal"
  static let condition = Comparison.not_equal
  static let standard = NotEqual()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.lt`.
struct Less: ComparisonKind {
  static let type = "less"
  static let condition = Comparison.less
  static let standard = Less()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.le`.
struct LessEqual: ComparisonKind {
  static let type = "less_equal"
  static let condition = Comparison.less_equal
  static let standard = LessEqual()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.gt`.
struct Greater: ComparisonKind {
  static let type = "greater"
  static let condition = Comparison.greater
  static let standard = Greater()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.ge`.
struct GreaterEqual: ComparisonKind {
  static let type = "greater_equal"
  static let condition = Comparison.greater_equal
  static let standard = GreaterEqual()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.logical_and`. Numbers other than 0 are true.
struct LogicalAnd: ComparisonKind {
  static let type = "logical_and"
  static let condition = Comparison.logical_and
  static let standard = LogicalAnd()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.logical_or`.
struct LogicalOr: ComparisonKind {
  static let type = "logical_or"
  static let condition = Comparison.logical_or
  static let standard = LogicalOr()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

/// `torch.logical_not`: 1 where the value is 0.
struct LogicalNot: LayerKind {
  static let type = "logical_not"
  static let standard = LogicalNot()
  static let fields = Fields<Self>([])
  static let examples = [
    LayerExample(LogicalNot(), [[3, 4, 2]]), LayerExample(LogicalNot(), [[5]], .whole(below: 2)),
  ]

  func place(at site: LayerSite) -> Architecture.Node? {
    site.node(PlacedComparison(value: site.shape, condition: .equal, constant: 0))
  }
}

struct PlacedComparison: PlacedLayer {
  let value: ValueShape
  let condition: Comparison
  /// Stands for the second input, if there is one input.
  let constant: Double?

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(
      ComparisonLayer<Element>(
        outputCount: value.count, condition: condition, constant: constant.map { Element($0) }))
  }
}

/// y = 1 where the inputs fulfil a condition, else 0.
struct ComparisonLayer<Element: Scalar>: FlatJoint {
  let outputCount: Int
  let condition: Comparison
  let constant: Element?

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    let n = pass.count * outputCount
    if let constant {
      withUnsafePointer(to: constant) { Choices.compare(condition, x[0], $0, step: 0, y, n) }
    } else {
      Choices.compare(condition, x[0], x[1], step: 1, y, n)
    }
  }
}
