import Tensor

/// A pool in its place in a network. It has one output value for each window.
struct PlacedPool: PlacedLayer {
  enum Reduction { case mean, largest }

  let input: Shape
  let kernel: [Int]
  let stride: Int
  let padding: Int
  let reduction: Reduction

  var output: Shape { window.output }
  var value: ValueShape { ValueShape(picture: output) }
  var values: Int { input.count / (stride * stride) }
  private var window: Window { .placed(over: input, kernel, stride: stride, padding: padding) }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    switch reduction {
    case .mean: .init(AveragePoolLayer<Element>(window: window))
    case .largest: .init(MaxPoolLayer<Element>(window: window))
    }
  }
}
