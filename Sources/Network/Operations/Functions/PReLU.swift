import JSON
import Tensor

/// `torch.nn.PReLU` (He et al. 2015): x above 0, a learned multiple below. The slope is one parameter, or one for
/// each channel, which is the first axis of a sample.
struct PReLU: LayerKind {
  static let type = "prelu"
  static let standard = PReLU()
  static let fields = Fields<Self>([
    .member("num_parameters", \.count, .size, "1, or the channels of the input: a slope for each."),
    .number("init", \.start, .any, "The slopes of a new network."),
  ])
  static let examples = [
    LayerExample(PReLU(), [[3, 4]]), LayerExample(PReLU(count: 3, start: -0.5), [[3, 4, 2]]),
    LayerExample(PReLU(count: 5), [[5]]),
  ]

  var count = 1
  var start = 0.25

  func place(at site: LayerSite) -> Architecture.Node? {
    let channels = site.shape.sizes.first ?? 1
    guard count == 1 || count == channels else {
      return site.fault(
        "must be 1, or \(channels), the channels of the input, got \(count)", at: "num_parameters")
    }
    guard site.hasRoom(rows: 1, columns: count, values: site.shape.count, at: "num_parameters") else {
      return nil
    }
    let slopes = site.add("weight", [count], .table(deviation: 0, mean: start))
    return site.node(
      Placed(value: site.shape, channels: count, inner: site.shape.strides.first ?? 1, slopes: slopes))
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let channels: Int
    /// How far apart neighbouring channels lie.
    let inner: Int
    let slopes: Int

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(
        PReLULayer<Element>(
          outputCount: value.count,
          kernels: ChannelSlopes(channels: channels, inner: channels == 1 ? value.count : inner),
          offset: slopes))
    }
  }
}

/// y = x where x > 0, else w_c·x for channel c. Where x ≤ 0:
///
/// - tangentForward: ẏ = w_cẋ + v_c x.
/// - backward: ∂x = w_c∂y, ∂w_c = Σ x∂y.
/// - tangentBackward: ∂ẋ = w_c∂ẏ + v_c∂y, product w_c: Σ x∂ẏ + ẋ∂y.
struct PReLULayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>

  let outputCount: Int
  let kernels: ChannelSlopes<Element>
  /// Of the slopes in the parameters.
  let offset: Int

  var hasParameters: Bool { true }

  private func outer(_ pass: Pass<Element>) -> Int {
    pass.count * outputCount / (kernels.channels * kernels.inner)
  }

  func forward(_ pass: Pass<Element>, x: [Read], y: UnsafeMutablePointer<Element>) {
    kernels.values(x[0], pass.parameters + offset, y, outer: outer(pass))
  }

  func backward(
    _ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0] else { return }
    kernels.sum(x, x, dy, gradient + offset, outer: outer(pass))
    if let dx = dx[0] { kernels.slope(x, pass.parameters + offset, dy, dx, outer: outer(pass)) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0] else { return }
    if let tx = tx[0] {
      kernels.slope(x, pass.parameters + offset, tx, ty, outer: outer(pass))
    } else {
      ty.clear(pass.count * outputCount)
    }
    kernels.add(x, v + offset, x, ty, outer: outer(pass))
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [UnsafeMutablePointer<Element>?], product: UnsafeMutablePointer<Element>?
  ) {
    guard let x = x[0], let dy else { return }
    if let product {
      kernels.sum(x, x, tdy, product + offset, outer: outer(pass))
      if let tx = tx[0] { kernels.sum(x, tx, dy, product + offset, outer: outer(pass)) }
    }
    if let tdx = tdx[0] {
      kernels.slope(x, pass.parameters + offset, tdy, tdx, outer: outer(pass))
      kernels.add(x, v + offset, dy, tdx, outer: outer(pass))
    }
  }
}
