import JSON
import Tensor

/// `x[start:end:step]` along one axis, as Python counts.
public struct Slice: LayerKind {
  public static let type = "slice"
  public static let standard = Slice()
  public static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("start", \.start, -(1 << 30)...(1 << 30), "The first place; negative counts from the end."),
    .given(
      "end", \.end, .integer(-(1 << 30)...(1 << 30)), standard: "the end", "The place after the last one."),
    .integer("step", \.step, 1...(1 << 30), "Steps between places."),
  ])
  public static let examples = [
    LayerExample(Slice(dim: 1, start: -2), [[3, 4, 2]]),
    LayerExample(Slice(dim: 2, start: 0, end: -1, step: 2), [[3, 5]]),
  ]

  public var dim = 1
  public var start = 0
  public var end: Int?
  public var step = 1

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    let places = stride(
      from: LayerSite.place(start, of: size), to: LayerSite.place(end ?? size, of: size), by: step)
    return site.choosing(Array(places), along: axis, at: "start")
  }
}

/// `torch.select`: one place of an axis, which is gone afterwards.
public struct Select: LayerKind {
  public static let type = "select"
  public static let standard = Select()
  public static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("index", \.index, -(1 << 30)...(1 << 30), "The place; negative counts from the end."),
  ])
  public static let examples = [
    LayerExample(Select(dim: 1, index: -1), [[3, 4]]), LayerExample(Select(dim: 2, index: 0), [[3, 4, 2]]),
  ]

  public var dim = 1
  public var index = 0

  public func place(at site: LayerSite) -> Architecture.Node? {
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
public struct IndexSelect: LayerKind {
  public static let type = "index_select"
  public static let standard = IndexSelect()
  public static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .required(
      "index", \.index, .list(of: .integer(0...(1 << 30)), atMost: 1 << 20), "The places, from 0."),
  ])
  public static let examples = [LayerExample(IndexSelect(dim: 1, index: [2, 0, 2]), [[3, 4]])]

  public var dim = 1
  public var index: [Int] = []

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    if let wrong = index.first(where: { $0 >= size }) {
      return site.fault("must be places from 0 to \(size - 1), got \(wrong)", at: "index")
    }
    return site.choosing(index, along: axis, at: "index")
  }
}

/// One part of `torch.chunk`: the axis cut into parts of one size, the last possibly smaller.
public struct Chunk: LayerKind {
  public static let type = "chunk"
  public static let standard = Chunk()
  public static let fields = Fields<Self>([
    .integer("chunks", \.chunks, 1...(1 << 20), "The number of parts."),
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("index", \.index, 0...(1 << 20), "The part that the node gives, from 0."),
  ])
  public static let examples = [
    LayerExample(Chunk(chunks: 2, dim: 1, index: 1), [[3, 4, 2]]),
    LayerExample(Chunk(chunks: 3, dim: -1), [[2, 6]]),
  ]

  public var chunks = 2
  public var dim = 1
  public var index = 0

  public func place(at site: LayerSite) -> Architecture.Node? {
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
public struct Split: LayerKind {
  public static let type = "split"
  public static let standard = Split()
  public static let fields = Fields<Self>([
    .required(
      "sizes", \.sizes, .list(of: .integer(1...(1 << 30)), atMost: 1 << 16),
      "The sizes of the parts, which add up to the places of the axis."),
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis."),
    .integer("index", \.index, 0...(1 << 16), "The part that the node gives, from 0."),
  ])
  public static let examples = [LayerExample(Split(sizes: [1, 3], dim: 2, index: 1), [[3, 4, 2]])]

  public var sizes: [Int] = []
  public var dim = 1
  public var index = 0

  public func place(at site: LayerSite) -> Architecture.Node? {
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
public struct Flip: LayerKind {
  public static let type = "flip"
  public static let standard = Flip()
  public static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis.")
  ])
  public static let examples = [LayerExample(Flip(dim: -1), [[3, 4]])]

  public var dim = 1

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.axis(dim, rank: site.shape.rank, at: "dim").flatMap { axis in
      site.choosing((0..<site.shape.sizes[axis]).reversed(), along: axis, at: "dim")
    }
  }
}

/// `torch.roll`: places moved along axes; those that leave at one end come in at the other.
public struct Roll: LayerKind {
  public static let type = "roll"
  public static let standard = Roll()
  public static let fields = Fields<Self>([
    .required(
      "shifts", \.shifts, .list(of: .integer(-(1 << 30)...(1 << 30)), atMost: 64), "Places, one an axis."),
    .required("dims", \.dims, .list(of: .integer(-64...64), atMost: 64), "The axes. 0 is the batch."),
  ])
  public static let examples = [LayerExample(Roll(shifts: [1, -2], dims: [2, 3]), [[2, 4, 5]])]

  public var shifts: [Int] = []
  public var dims: [Int] = []

  public func place(at site: LayerSite) -> Architecture.Node? {
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

/// `torch.nn.functional.pad` with zeros.
public struct Pad: LayerKind {
  public static let type = "pad"
  public static let standard = Pad()
  public static let fields = Fields<Self>([
    .required(
      "pad", \.pad, .list(of: .integer(-(1 << 20)...(1 << 20)), atMost: 128),
      "Zeros before and behind, two numbers an axis, from the last axis back. Negative numbers cut away.")
  ])
  public static let examples = [
    LayerExample(Pad(pad: [1, 2, 0, 1]), [[2, 3, 3]]), LayerExample(Pad(pad: [-1, 1]), [[5]]),
  ]

  public var pad: [Int] = []

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard pad.count % 2 == 0, pad.count / 2 <= site.shape.rank else {
      return site.fault(
        "must be two numbers for each of at most \(site.shape.rank) axes, got \(pad.count)", at: "pad")
    }
    var map = AxisMap.identity(site.shape)
    for pair in 0..<pad.count / 2 {
      let axis = site.shape.rank - 1 - pair
      let size = site.shape.sizes[axis]
      guard size + pad[2 * pair] + pad[2 * pair + 1] > 0 else {
        return site.fault("leaves no values of an axis of \(size) places", at: "pad")
      }
      let places = (-pad[2 * pair]..<size + pad[2 * pair + 1]).map { (0..<size).contains($0) ? $0 : -1 }
      map = map.choosing(places, along: axis)
    }
    guard site.hasRoom(sizes: map.value.sizes, at: "pad") else { return nil }
    return site.node(map)
  }
}
