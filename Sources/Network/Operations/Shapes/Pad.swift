import JSON
import Tensor

/// `torch.nn.functional.pad`: places before and behind some of the last axes.
struct Pad: LayerKind {
  enum Mode: String, Sendable, CaseIterable {
    case constant, reflect, replicate, circular

    var border: PaddingMode {
      switch self {
      case .constant: .zeros
      case .reflect: .reflect
      case .replicate: .replicate
      case .circular: .circular
      }
    }
  }

  static let type = "pad"
  static let standard = Pad()
  static let fields = Fields<Self>([
    .required(
      "pad", \.pad, .list(of: .integer(-(1 << 20)...(1 << 20)), atMost: 128),
      "Places before and behind, two numbers an axis, from the last axis back. Negative numbers cut away."),
    .added(
      "mode", \.mode, .choice,
      "What lies there: a number (`constant`), the mirrored neighbours (`reflect`), the last place (`replicate`), or "
        + "the other end (`circular`)."),
    .added("value", \.constant, .number(.any), "The number of `constant`."),
  ])
  static let examples = [
    LayerExample(Pad(pad: [1, 2, 0, 1]), [[2, 3, 3]]), LayerExample(Pad(pad: [-1, 1]), [[5]]),
    LayerExample(Pad(pad: [1, -1], constant: -2), [[2, 3]]),
    LayerExample(Pad(pad: [2, 1, 0, 2], mode: .reflect), [[3, 4]]),
    LayerExample(Pad(pad: [4, -1], mode: .replicate), [[2, 3]]),
    LayerExample(Pad(pad: [3, 1, 1, 0], mode: .circular), [[2, 3]]),
  ]

  var pad: [Int] = []
  var mode = Mode.constant
  var constant = 0.0

  func place(at site: LayerSite) -> Architecture.Node? {
    guard pad.count % 2 == 0, pad.count / 2 <= site.shape.rank else {
      return site.fault(
        "must be two numbers for each of at most \(site.shape.rank) axes, got \(pad.count)", at: "pad")
    }
    if constant != 0, mode != .constant {
      return site.fault("belongs to the mode constant, and the mode is \(mode.rawValue)", at: "value")
    }
    var map = AxisMap.identity(site.shape)
    for pair in 0..<pad.count / 2 {
      let axis = site.shape.rank - 1 - pair
      let (size, before, after) = (site.shape.sizes[axis], pad[2 * pair], pad[2 * pair + 1])
      guard size + before + after > 0 else {
        return site.fault("leaves no values of an axis of \(size) places", at: "pad")
      }
      guard let places = mode.border.places(size, before: before, after: after) else {
        return site.fault(
          "must be at most \(mode.border.limit(size) ?? 0) in the mode \(mode.rawValue) for an axis of \(size) "
            + "places, got \(max(before, after))", at: "pad")
      }
      map = map.choosing(places, along: axis)
    }
    guard site.hasRoom(sizes: map.value.sizes, at: "pad") else { return nil }
    guard constant != 0 else { return site.node(map) }
    // The number is added where the map leaves zeros.
    let padded = site.insert(site.node(map))
    let outside = map.sources?.map { $0 < 0 ? constant : 0 } ?? []
    let rest = site.insert(.init(Constant.Placed(value: map.value, values: outside), inputs: []))
    return Add().place(at: site.reading([padded, rest]))
  }
}
