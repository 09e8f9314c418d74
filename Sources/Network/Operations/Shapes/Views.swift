import JSON
import Tensor

/// `torch.reshape` of each sample: the same numbers, in PyTorch's order, under other sizes.
struct Reshape: LayerKind {
  static let type = "reshape"
  static let standard = Reshape()
  static let fields = Fields<Self>([
    .required(
      "shape", \.sizes, .list(of: .integer(-1...(1 << 30)), atMost: 16),
      "The sizes without the batch. One of them may be −1 and follows from the others.")
  ])
  static let examples = [
    LayerExample(Reshape(sizes: [4, -1]), [[3, 4, 2]]), LayerExample(Reshape(sizes: [24]), [[3, 4, 2]]),
  ]

  var sizes: [Int] = []

  func place(at site: LayerSite) -> Architecture.Node? {
    let count = site.shape.count
    let known = sizes.filter { $0 != -1 }
    guard sizes.count - known.count <= 1, !known.contains(0) else {
      return site.fault("must have positive sizes and at most one −1", at: "shape")
    }
    guard site.hasRoom(sizes: known, at: "shape") else { return nil }
    let product = known.reduce(1, *)
    guard known.count == sizes.count ? product == count : count % product == 0 else {
      return site.fault("must hold \(count) values, which the input has, got \(product)", at: "shape")
    }
    return site.reshaped(to: sizes.map { $0 == -1 ? count / product : $0 })
  }
}

/// `torch.permute`: the axes in another order.
struct Permute: LayerKind {
  static let type = "permute"
  static let standard = Permute()
  static let fields = Fields<Self>([
    .required(
      "dims", \.dims, .list(of: .integer(-64...64), atMost: 64), "The old axes in their new order, 0 first.")
  ])
  static let examples = [LayerExample(Permute(dims: [0, 3, 1, 2]), [[3, 4, 2]])]

  var dims: [Int] = []

  func place(at site: LayerSite) -> Architecture.Node? {
    let rank = site.shape.rank
    let axes = dims.map { ($0 < 0 ? $0 + rank + 1 : $0) - 1 }
    guard axes.first == -1, Set(axes) == Set(-1..<rank), axes.count == rank + 1 else {
      return site.fault("must be the axes 0 to \(rank), each once, with 0 first", at: "dims")
    }
    return site.relabelled(site.shape.permuted(Array(axes.dropFirst())))
  }
}

/// `torch.transpose`: two axes exchanged.
struct Transpose: LayerKind {
  static let type = "transpose"
  static let standard = Transpose()
  static let fields = Fields<Self>([
    .integer("dim0", \.first, -64...64, "An axis. 0 is the batch, −1 the last axis."),
    .integer("dim1", \.second, -64...64, "The axis that it is exchanged with."),
  ])

  var first = -2
  var second = -1

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let a = site.axis(first, rank: site.shape.rank, at: "dim0"),
      let b = site.axis(second, rank: site.shape.rank, at: "dim1")
    else { return nil }
    var axes = Array(0..<site.shape.rank)
    axes.swapAt(a, b)
    return site.relabelled(site.shape.permuted(axes))
  }
}

/// `torch.unsqueeze`: an axis of one place more.
struct Unsqueeze: LayerKind {
  static let type = "unsqueeze"
  static let standard = Unsqueeze()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The number of the new axis. 0 is the batch.")
  ])
  static let examples = [
    LayerExample(Unsqueeze(dim: 2), [[3, 4]]), LayerExample(Unsqueeze(dim: -1), [[3, 4, 2]]),
  ]

  var dim = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    site.axis(dim, rank: site.shape.rank, extra: 1, at: "dim").map {
      site.relabelled(site.shape.inserting($0))
    }
  }
}

/// `torch.squeeze`: an axis of one place less.
struct Squeeze: LayerKind {
  static let type = "squeeze"
  static let standard = Squeeze()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis, which stays if it has more than one place.")
  ])
  static let examples = [
    LayerExample(Squeeze(dim: 2), [[3, 1, 2]]), LayerExample(Squeeze(dim: 1), [[3, 2]]),
  ]

  var dim = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    site.axis(dim, rank: site.shape.rank, at: "dim").map { axis in
      site.relabelled(site.shape.sizes[axis] == 1 ? site.shape.removing(axis) : site.shape)
    }
  }
}

/// `torch.expand`: axes of one place repeated.
struct Expand: LayerKind {
  static let type = "expand"
  static let standard = Expand()
  static let fields = Fields<Self>([
    .required(
      "sizes", \.sizes, .list(of: .integer(-1...(1 << 30)), atMost: 16),
      "The sizes without the batch. −1 leaves an axis as it is.")
  ])
  static let examples = [
    LayerExample(Expand(sizes: [2, -1, 4]), [[3, 1]]), LayerExample(Expand(sizes: [3, 4, 2]), [[3, 1, 1]]),
  ]

  var sizes: [Int] = []

  func place(at site: LayerSite) -> Architecture.Node? {
    guard sizes.count >= site.shape.rank else {
      return site.fault("must have at least \(site.shape.rank) sizes", at: "sizes")
    }
    let old = site.shape.padded(to: sizes.count)
    let wanted = zip(sizes, old.sizes).map { $0 == -1 ? $1 : $0 }
    guard site.hasRoom(sizes: wanted, at: "sizes") else { return nil }
    guard let value = site.expanded(0, to: wanted) else {
      return site.fault("must be the sizes \(site.shape.words), where 1 may be any size", at: "sizes")
    }
    return .init(Relabelled(value: site.shape(ofValue: value)), inputs: [value])
  }
}

extension ValueShape {
  /// The axes in another order; the numbers stay where they are.
  func permuted(_ axes: [Int]) -> ValueShape {
    ValueShape(axes.map { sizes[$0] }, order: order.compactMap { axes.firstIndex(of: $0) })
  }

  /// With an axis of one place more.
  func inserting(_ axis: Int) -> ValueShape {
    var sizes = sizes
    sizes.insert(1, at: axis)
    return ValueShape(sizes, order: [axis] + order.map { $0 < axis ? $0 : $0 + 1 })
  }

  /// Without an axis of one place.
  func removing(_ axis: Int) -> ValueShape {
    var sizes = sizes
    sizes.remove(at: axis)
    return ValueShape(sizes, order: order.filter { $0 != axis }.map { $0 < axis ? $0 : $0 - 1 })
  }

  /// With axes of one place in front, up to a rank.
  func padded(to rank: Int) -> ValueShape {
    var shape = self
    while shape.rank < rank { shape = shape.inserting(0) }
    return shape
  }
}

extension LayerDescription {
  /// - Parameter sizes: without the batch; one may be −1.
  public static func reshape(_ sizes: [Int]) -> LayerDescription { LayerDescription(Reshape(sizes: sizes)) }
}
