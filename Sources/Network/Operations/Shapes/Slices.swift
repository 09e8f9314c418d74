import JSON
import Tensor

/// `x[start:end:step]` along one axis, as Python counts.
struct Slice: LayerKind {
  static let type = "slice"
  static let standard = Slice()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("start", \.start, -(1 << 30)...(1 << 30), "The first place; negative counts from the end."),
    .given(
      "end", \.end, .integer(-(1 << 30)...(1 << 30)), standard: "the end", "The place after the last one."),
    .integer("step", \.step, 1...(1 << 30), "Steps between places."),
  ])
  static let examples = [
    LayerExample(Slice(dim: 1, start: -2), [[3, 4, 2]]),
    LayerExample(Slice(dim: 2, start: 0, end: -1, step: 2), [[3, 5]]),
  ]

  var dim = 1
  var start = 0
  var end: Int?
  var step = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    let places = stride(
      from: LayerSite.place(start, of: size), to: LayerSite.place(end ?? size, of: size), by: step)
    return site.choosing(Array(places), along: axis, at: "start")
  }
}

/// `torch.select`: one place of an axis, which is gone afterwards.
struct Select: LayerKind {
  static let type = "select"
  static let standard = Select()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("index", \.index, -(1 << 30)...(1 << 30), "The place; negative counts from the end."),
  ])
  static let examples = [
    LayerExample(Select(dim: 1, index: -1), [[3, 4]]), LayerExample(Select(dim: 2, index: 0), [[3, 4, 2]]),
  ]

  var dim = 1
  var index = 0

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    guard (-size..<size).contains(index) else {
      return site.fault("must be from −\(size) to \(size - 1), got \(index)", at: "index")
    }
    let chosen = AxisMap.identity(site.shape).choosing([index < 0 ? index + size : index], along: axis)
    let value = site.insert(.init(chosen, inputs: [site.value]))
    return .init(Relabelled(value: chosen.value.removing(axis)), inputs: [value])
  }
}

/// `torch.index_select`: some places of an axis, in a given order.
struct IndexSelect: LayerKind {
  static let type = "index_select"
  static let standard = IndexSelect()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .required(
      "index", \.index, .list(of: .integer(0...(1 << 30)), atMost: 1 << 20), "The places, from 0."),
  ])
  static let examples = [LayerExample(IndexSelect(dim: 1, index: [2, 0, 2]), [[3, 4]])]

  var dim = 1
  var index: [Int] = []

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    if let wrong = index.first(where: { $0 >= size }) {
      return site.fault("must be places from 0 to \(size - 1), got \(wrong)", at: "index")
    }
    return site.choosing(index, along: axis, at: "index")
  }
}

/// One part of `torch.chunk`: the axis cut into parts of one size, the last possibly smaller.
struct Chunk: LayerKind {
  static let type = "chunk"
  static let standard = Chunk()
  static let fields = Fields<Self>([
    .integer("chunks", \.chunks, 1...(1 << 20), "The number of parts."),
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("index", \.index, 0...(1 << 20), "The part that the node gives, from 0."),
  ])
  static let examples = [
    LayerExample(Chunk(chunks: 2, dim: 1, index: 1), [[3, 4, 2]]),
    LayerExample(Chunk(chunks: 3, dim: -1), [[2, 6]]),
  ]

  var chunks = 2
  var dim = 1
  var index = 0

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    let part = (size + chunks - 1) / chunks
    guard index * part < size else {
      return site.fault(
        "must be less than \((size + part - 1) / part), the parts of \(size) places", at: "index")
    }
    return site.choosing(Array(index * part..<min(size, (index + 1) * part)), along: axis, at: "index")
  }
}

/// One part of `torch.split`: the axis cut into parts of given sizes.
struct Split: LayerKind {
  static let type = "split"
  static let standard = Split()
  static let fields = Fields<Self>([
    .required(
      "sizes", \.sizes, .list(of: .integer(1...(1 << 30)), atMost: 1 << 16),
      "The sizes of the parts, which add up to the places of the axis."),
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("index", \.index, 0...(1 << 16), "The part that the node gives, from 0."),
  ])
  static let examples = [LayerExample(Split(sizes: [1, 3], dim: 2, index: 1), [[3, 4, 2]])]

  var sizes: [Int] = []
  var dim = 1
  var index = 0

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    guard sizes.reduce(0, +) == size else {
      return site.fault("must add up to \(size), the places of the axis", at: "sizes")
    }
    guard index < sizes.count else {
      return site.fault("must be less than \(sizes.count), the number of parts", at: "index")
    }
    let start = sizes[..<index].reduce(0, +)
    return site.choosing(Array(start..<start + sizes[index]), along: axis, at: "index")
  }
}

/// `torch.flip` along one axis.
struct Flip: LayerKind {
  static let type = "flip"
  static let standard = Flip()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis.")
  ])
  static let examples = [LayerExample(Flip(dim: -1), [[3, 4]])]

  var dim = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    site.axis(dim, rank: site.shape.rank, at: "dim").flatMap { axis in
      site.choosing((0..<site.shape.sizes[axis]).reversed(), along: axis, at: "dim")
    }
  }
}

/// `torch.roll`: places moved along axes; those that leave at one end come in at the other.
struct Roll: LayerKind {
  static let type = "roll"
  static let standard = Roll()
  static let fields = Fields<Self>([
    .required(
      "shifts", \.shifts, .list(of: .integer(-(1 << 30)...(1 << 30)), atMost: 64), "Places, one an axis."),
    .required("dims", \.dims, .list(of: .integer(-64...64), atMost: 64), "The axes. 0 is the batch."),
  ])
  static let examples = [LayerExample(Roll(shifts: [1, -2], dims: [2, 3]), [[2, 4, 5]])]

  var shifts: [Int] = []
  var dims: [Int] = []

  func place(at site: LayerSite) -> Architecture.Node? {
    guard shifts.count == dims.count else {
      return site.fault("must be as many as dims, \(dims.count)", at: "shifts")
    }
    var map = AxisMap.identity(site.shape)
    for (shift, dim) in zip(shifts, dims) {
      guard let axis = site.axis(dim, rank: site.shape.rank, at: "dims") else { return nil }
      let size = site.shape.sizes[axis]
      let old = map.places[axis]
      map = map.choosing((0..<size).map { old[(($0 - shift) % size + size) % size] }, along: axis)
    }
    return site.node(map)
  }
}

extension LayerDescription {
  /// Places of the first axis, from 0.
  public static func indexSelect(_ places: [Int]) -> LayerDescription {
    LayerDescription(IndexSelect(index: places))
  }
}
