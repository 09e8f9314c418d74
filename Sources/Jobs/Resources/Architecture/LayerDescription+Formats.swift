import JSON
import Network

extension LayerDescription {
  /// Every kind of layer that a request may name, with its options.
  public static let formats: [LayerFormat] = [
    LayerFormat(
      Linear(outFeatures: 1),
      Fields([
        .required("out_features", \.outFeatures, .integer(sizes), "The values that it gives."),
        .given("in_features", \.inFeatures, .integer(sizes), "Must agree with the layer before."),
        .flag("bias", \.bias, "Whether a bias is added."),
      ])),
    LayerFormat(
      Conv2d(outChannels: 1, kernel: [1, 1]),
      Fields([
        .required("out_channels", \.outChannels, .integer(sizes), "The channels that it gives."),
        .required("kernel_size", \.kernel, .pair(Conv2d.windows.kernelSizes), "Rows and columns."),
        .integer("stride", \.stride, Conv2d.windows.strides, "Steps of the window."),
        .integer("padding", \.padding, Conv2d.windows.paddings, "Zeros on each side."),
        .given("in_channels", \.inChannels, .integer(sizes), "Must agree with the layer before."),
        .flag("bias", \.bias, "Whether a bias is added."),
      ])),
    LayerFormat(
      BatchNorm2d(),
      Fields([
        .given("num_features", \.features, .integer(sizes), "Must agree with the layer before.")
      ])),
    LayerFormat(ReLU()),
    LayerFormat(Tanh()),
    LayerFormat(
      MaxPool2d(kernel: [1, 1]), pool(MaxPool2d.windows, \.kernel, stride: \.stride, padding: \.padding)),
    LayerFormat(
      AvgPool2d(kernel: [1, 1]), pool(AvgPool2d.windows, \.kernel, stride: \.stride, padding: \.padding)),
    LayerFormat(
      AdaptiveAvgPool2d(outputHeight: 1, outputWidth: 1),
      Fields([
        .required("output_size", \.outputSize, .pair(AdaptiveAvgPool2d.outputSizes), "Rows and columns.")
      ])),
    LayerFormat(Flatten()),
    LayerFormat(
      Dropout(),
      Fields([.number("p", \.p, NumberRange(Dropout.probabilities), "The share of values set to 0.")])),
    LayerFormat(
      Residual(layers: []),
      Fields([
        .required("layers", \.layers, branch("layers"), "The branch whose output is added to the input."),
        .given("shortcut", \.shortcut, branch("shortcut"), "A branch instead of the input itself."),
      ])),
  ]

  /// The sizes of outputs and inputs. The limit of a network's parameters is smaller.
  private static let sizes = 1...(1 << 30)

  private static func pool<Pool>(
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

  private static func branch(_ name: String) -> Form<[NamedLayer]> {
    list.map({ NamedLayer.sequential($0, prefix: name + ".") }, { $0.map(\.layer) })
  }
}

extension AdaptiveAvgPool2d {
  /// Rows and columns.
  fileprivate var outputSize: [Int] {
    get { [outputHeight, outputWidth] }
    set { (outputHeight, outputWidth) = (newValue[0], newValue[1]) }
  }
}

extension Field {
  /// An option that may be absent, and is written only if the request gave it. Sizes of the input follow from
  /// the layer before.
  fileprivate static func given<Value>(
    _ name: String, _ path: Path<Value?>, _ form: Form<Value>, standard: String = "as it follows",
    _ meaning: String
  ) -> Field { Field.optional(name, path, form, standard: standard, meaning).withoutNulls }
}

extension Form where Value == [Int] {
  /// Two numbers: one number for both, or a list of two.
  fileprivate static func pair(_ range: ClosedRange<Int>) -> Form {
    let size = Form<Int>.integer(range)
    return Form(
      schema: Schema.anyOf(size.schema, Schema.list(size.schema, from: 2, to: 2, isSet: false)),
      words: "\(size.words); or a list of two",
      read: { value, pointer, faults in
        guard let elements = value.arrayValue else {
          return size.read(value, pointer, faults).map { [$0, $0] }
        }
        let sizes = FieldReader.list(value, maximumCount: 2, at: pointer, faults) {
          size.read($0, $1, faults)
        }
        if elements.count != 2 { faults.add("must be a number or a list of two", at: pointer) }
        return sizes?.count == 2 ? sizes : nil
      }, write: { JSONValue($0) })
  }
}

extension NumberRange {
  /// At least the lower bound, and less than the upper one.
  init(_ range: Range<Double>) {
    self.init(from: .including(range.lowerBound), to: .excluding(range.upperBound))
  }
}
