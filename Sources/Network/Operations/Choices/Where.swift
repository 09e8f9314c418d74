import JSON
import Tensor

/// `torch.where`: the second input where the first is not 0, else the third, with broadcasting. A constant may
/// stand for the third input.
struct Where: BinaryKind {
  static let type = "where"
  static let arity = 2...3
  static let standard = Where()
  static let fields = Fields<Self>([
    .number(
      "value", \.constant, .any, "The constant that stands for a third input, if the node has two inputs."),
    .flag(
      "reversed", \.isReversed,
      "Whether the constant stands where the first input is not 0, and the second input elsewhere."),
  ])
  static let examples = [
    LayerExample(Where(), [[3, 4, 2], [3, 4, 2], [3, 4, 2]], .whole(below: 2), .any, .any),
    LayerExample(Where(), [[4, 1], [5], [1]], .whole(below: 2), .any, .any),
    LayerExample(Where(constant: 0.5), [[3], [3]], .whole(below: 2), .any),
    LayerExample(Where(constant: 0.5, isReversed: true), [[3], [2, 3]], .whole(below: 2), .any),
    LayerExample(Where(), [[6], [6], [6]]),
  ]

  var constant = 0.0
  var isReversed = false

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 3, isReversed {
      return site.fault("needs a constant, but the node has three inputs", at: "reversed")
    }
    return site.broadcast().map {
      .init(
        PlacedChoice(
          value: $0.value, constant: site.values.count == 2 ? constant : nil, isReversed: isReversed),
        inputs: $0.inputs)
    }
  }
}

/// `torch.masked_fill`: a constant where the second input is not 0, else the first, with broadcasting.
struct MaskedFill: LayerKind {
  static let type = "masked_fill"
  static let arity = 2...2
  static let standard = MaskedFill()
  static let fields = Fields<Self>([
    .required("value", \.constant, .number(.any), "The constant.")
  ])
  static let examples = [
    LayerExample(MaskedFill(constant: -2), [[3, 4], [3, 4]], .any, .whole(below: 2)),
    LayerExample(MaskedFill(constant: 1), [[2, 3, 4], [4]], .any, .whole(below: 2)),
  ]

  var constant = 0.0

  func place(at site: LayerSite) -> Architecture.Node? {
    Where(constant: constant, isReversed: true).place(at: site.reading([site.values[1], site.values[0]]))
  }
}

struct PlacedChoice: PlacedLayer {
  let value: ValueShape
  /// Stands for the third input, or for the second one if `isReversed`.
  let constant: Double?
  let isReversed: Bool

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(
      ChoiceLayer<Element>(
        outputCount: value.count, constant: constant.map { Element($0) }, isReversed: isReversed))
  }
}

/// y = a where m ≠ 0, else b. The tangent is chosen as the value is, and a gradient goes to the chosen input.
struct ChoiceLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>

  let outputCount: Int
  let constant: Element?
  let isReversed: Bool

  var uses: LayerUses { LayerUses(gradient: false) }

  /// y ← a where m is not 0, else b. An array that is nil is `other` everywhere.
  private func choose(
    _ pass: Pass<Element>, _ m: Read, _ a: Read?, _ b: Read?, other: Element,
    _ y: UnsafeMutablePointer<Element>
  ) {
    withUnsafePointer(to: other) { other in
      Choices.choose(
        m, a ?? other, aStep: a == nil ? 0 : 1, b ?? other, bStep: b == nil ? 0 : 1, y,
        pass.count * outputCount)
    }
  }

  /// The two arrays between which the mask chooses, of one for each input behind the mask.
  private func pair<Array>(_ inputs: [Array?]) -> (Array?, Array?) {
    if inputs.count == 3 { return (inputs[1], inputs[2]) }
    return isReversed ? (nil, inputs[1]) : (inputs[1], nil)
  }

  func forward(_ pass: Pass<Element>, x: [Read], y: UnsafeMutablePointer<Element>) {
    let (a, b) = pair(x)
    choose(pass, x[0], a, b, other: constant ?? 0, y)
  }

  private func pull(
    _ pass: Pass<Element>, _ m: Read?, _ dy: Read, _ dx: [UnsafeMutablePointer<Element>?]
  ) {
    dx[0]?.clear(pass.count * outputCount)
    guard let m else { return }
    let (a, b) = pair(dx)
    if let a { choose(pass, m, dy, nil, other: 0, a) }
    if let b { choose(pass, m, nil, dy, other: 0, b) }
  }

  func backward(
    _ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>
  ) { pull(pass, x[0], dy, dx) }

  func tangentForward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let m = x[0] else { return }
    let (a, b) = pair(tx)
    choose(pass, m, a, b, other: 0, ty)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [UnsafeMutablePointer<Element>?], product: UnsafeMutablePointer<Element>?
  ) { pull(pass, x[0], tdy, tdx) }
}
