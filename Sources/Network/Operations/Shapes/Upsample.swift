import JSON
import Tensor

/// `torch.nn.Upsample` of a picture or a sequence: more places, or fewer, between the values that are there.
public struct Upsample: LayerKind {
  public enum Mode: String, Sendable, CaseIterable { case nearest, linear, bilinear }

  public static let type = "upsample"
  public static let standard = Upsample()
  public static let fields = Fields<Self>([
    .given(
      "size", \.size, .pair(sizes), standard: "as `scale_factor` gives it", "Rows and columns of the output."
    ),
    .given(
      "scale_factor", \.scale, .pair(of: .number(scales)), standard: "as `size` gives it",
      "Rows and columns of the output for each of the input."),
    .choice(
      "mode", \.mode, "`nearest` repeats values. `linear`, and `bilinear` for pictures, interpolate."),
    .flag(
      "align_corners", \.alignsCorners,
      "Whether the outer values of input and output lie on each other when values are interpolated."),
  ])
  public static let examples = [
    LayerExample(Upsample(scale: [2, 1.5]), [[2, 3, 4]]),
    LayerExample(Upsample(size: [5, 2], mode: .bilinear), [[2, 3, 4]]),
    LayerExample(Upsample(scale: [2, 2], mode: .bilinear, alignsCorners: true), [[2, 3, 1]]),
    LayerExample(Upsample(size: [7, 7], mode: .linear), [[2, 3]]),
  ]
  public static let sizes = 1...(1 << 20)
  static let scales = NumberRange(from: .excluding(0), to: .including(1024))

  public var size: [Int]?
  public var scale: [Double]?
  public var mode = Mode.nearest
  public var alignsCorners = false

  public func place(at site: LayerSite) -> Architecture.Node? {
    let axes = site.shape.rank == 2 ? 1 : 2
    guard let (site, input) = site.places(axes: axes) else { return nil }
    if mode == .linear && axes == 2 || mode == .bilinear && axes == 1 {
      return site.fault(
        "must be \(axes == 2 ? "nearest or bilinear for a picture" : "nearest or linear for a sequence")",
        at: "mode")
    }
    if alignsCorners, mode == .nearest {
      return site.fault("must be false if the mode is nearest", at: "align_corners")
    }
    guard (size == nil) != (scale == nil) else {
      return site.fault("must be given, or scale_factor, but not both", at: "size")
    }
    let sources = axes == 1 ? [input.width] : [input.height, input.width]
    var maps: [ResampleAxis] = []
    for (axis, source) in sources.enumerated() {
      guard let target = target(source, axis, at: site) else { return nil }
      let step = scale.map { 1 / $0[min(axis, $0.count - 1)] }
      maps.append(
        ResampleAxis(
          sources: source, targets: target, step: step, interpolates: mode != .nearest,
          alignsCorners: alignsCorners))
    }
    let output = Shape(
      height: axes == 1 ? 1 : maps[0].targets, width: maps[axes - 1].targets, channels: input.channels)
    let (values, overflow) = output.positions.multipliedReportingOverflow(by: input.channels)
    guard site.hasRoom(values: overflow ? .max : values, at: size == nil ? "scale_factor" : "size") else {
      return nil
    }
    return site.node(
      PlacedResampling(
        input: input, output: output, rows: axes == 1 ? nil : maps[0], columns: maps[axes - 1],
        value: ValueShape(output, axes: axes)))
  }

  /// The places of the output along an axis; nil after a fault.
  private func target(_ source: Int, _ axis: Int, at site: LayerSite) -> Int? {
    if let size {
      let target = size.isEmpty ? 0 : size[min(axis, size.count - 1)]
      guard Self.sizes.contains(target) else {
        site.addFault("must be \(Self.sizes.words), got \(target)", at: "size")
        return nil
      }
      return target
    }
    let scale = scale ?? []
    let factor = scale.isEmpty ? 0 : scale[min(axis, scale.count - 1)]
    guard Self.scales.contains(factor), factor * Double(source) >= 1,
      factor * Double(source) <= Double(Self.sizes.upperBound)
    else {
      site.addFault(
        "must give from 1 to \(Self.sizes.upperBound) places from \(source), got \(factor)",
        at: "scale_factor")
      return nil
    }
    return Int(factor * Double(source))
  }
}

extension LayerDescription {
  public static func upsample(
    scale: Double, mode: Upsample.Mode = .nearest, alignsCorners: Bool = false
  ) -> LayerDescription {
    LayerDescription(Upsample(scale: [scale, scale], mode: mode, alignsCorners: alignsCorners))
  }
}

/// The places along one axis that outputs are made of, as PyTorch's `interpolate` finds them.
struct ResampleAxis: Sendable, Hashable {
  let sources: Int
  let targets: Int
  /// Places of the input for one of the output; nil follows from the sizes.
  let step: Double?
  let interpolates: Bool
  let alignsCorners: Bool

  /// The input places of an output with their weights, which are not 0.
  func terms(_ target: Int) -> [(place: Int, weight: Double)] {
    let ratio = step ?? Double(sources) / Double(targets)
    guard interpolates else {
      // PyTorch computes this place in `float`.
      return [(min(Int((Float(target) * Float(ratio)).rounded(.down)), sources - 1), 1)]
    }
    var place = (Double(target) + 0.5) * ratio - 0.5
    if alignsCorners {
      place = targets > 1 ? Double(target) * Double(sources - 1) / Double(targets - 1) : 0
    }
    let first = min(Int(max(place, 0)), sources - 1)
    let share = min(max(max(place, 0) - Double(first), 0), 1)
    if first == sources - 1 || share == 0 { return [(first, 1)] }
    return [(first, 1 - share), (first + 1, share)]
  }
}

struct PlacedResampling: PlacedLayer {
  let input: Shape
  let output: Shape
  /// nil for a sequence.
  let rows: ResampleAxis?
  let columns: ResampleAxis
  let value: ValueShape

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(ResampleLayer<Element>(options: self))
  }
}

/// The terms of both axes multiply.
struct ResampleLayer<Element: Scalar>: PlaceMap {
  let input: Shape
  let output: Shape
  private let rows: [[(place: Int, weight: Double)]]
  private let columns: [[(place: Int, weight: Double)]]

  init(options: PlacedResampling) {
    input = options.input
    output = options.output
    rows = options.rows.map { axis in (0..<axis.targets).map(axis.terms) } ?? [[(0, 1)]]
    columns = (0..<options.columns.targets).map(options.columns.terms)
  }

  func forEachTerm(_ body: (_ output: Int, _ input: Int, _ weight: Element) -> Void) {
    for (y, rows) in rows.enumerated() {
      for (x, columns) in columns.enumerated() {
        for row in rows {
          for column in columns {
            body(
              y * output.width + x, row.place * input.width + column.place,
              Element(row.weight * column.weight))
          }
        }
      }
    }
  }
}
