import JSON
import Tensor

/// `torch.nn.Flatten`: makes one axis of several, in PyTorch's order (channel, row, column). By default a sample
/// becomes a vector.
public struct Flatten: LayerKind {
  public static let type = "flatten"
  public static let standard = Flatten()
  public static let fields = Fields<Self>([
    .added("start_dim", \.start, .integer(-64...64), "The first axis; the batch is 0."),
    .added("end_dim", \.end, .integer(-64...64), "The last axis."),
  ])
  public static let examples = [
    LayerExample(Flatten(), [[2, 3, 2]]), LayerExample(Flatten(start: 2), [[2, 3, 2]]),
    LayerExample(Flatten(end: -2), [[2, 3, 2]]),
  ]

  var start = 1
  var end = -1

  public func place(at site: LayerSite) -> Architecture.Node? {
    let source = site.shape
    let rank = source.rank
    // A single number becomes a vector of one.
    if rank == 0 { return site.node(Reordered(source: source, value: ValueShape([1]))) }
    guard let first = site.axis(start, rank: rank, at: "start_dim"),
      let last = site.axis(end, rank: rank, at: "end_dim")
    else { return nil }
    guard first <= last else { return site.fault("must not lie before start_dim, got \(end)", at: "end_dim") }
    let merged = source.sizes[first...last].reduce(1, *)
    return site.node(
      Reordered(
        source: source, value: ValueShape(source.sizes[..<first] + [merged] + source.sizes[(last + 1)...]),
        changesValues: source.longAxes > 1))
  }
}

extension LayerDescription {
  public static var flatten: LayerDescription { LayerDescription(Flatten()) }
}
