import JSON
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

/// The options of pools with a window.
enum PoolOptions {
  static func fields<Pool>(
    _ ranges: WindowRanges, _ kernel: Field<Pool>.Path<[Int]>, stride: Field<Pool>.Path<Int?>,
    padding: Field<Pool>.Path<Int>
  ) -> Fields<Pool> {
    Fields([
      .required("kernel_size", kernel, .pair(ranges.kernelSizes), "Rows and columns."),
      .given(
        "stride", stride, .integer(ranges.strides), standard: "the rows of the kernel", "Steps of the window."
      ),
      .integer("padding", padding, ranges.paddings, "Cells on each side, at most half the kernel."),
    ])
  }
}
