import Tensor

/// Along every axis, each place of the output is a place of the input, or zeros.
struct AxisMap: PlacedLayer {
  let source: ValueShape
  /// For each axis, the input's place for each place of the output; −1 for zeros.
  let places: [[Int]]

  var value: ValueShape { ValueShape(places.map(\.count), order: source.order) }

  /// In the order of memory, which both values share.
  var sources: [Int]? {
    let strides = source.strides
    var sources = [0]
    for axis in source.order {
      sources = sources.flatMap { start in
        places[axis].map { $0 < 0 || start < 0 ? -1 : start + $0 * strides[axis] }
      }
    }
    return sources
  }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(Rearrangement<Element>(sources ?? [], inputCount: source.count))
  }

  /// The map that changes nothing.
  static func identity(_ source: ValueShape) -> AxisMap {
    AxisMap(source: source, places: source.sizes.map { Array(0..<$0) })
  }

  /// The same map with another choice along one axis.
  func choosing(_ chosen: [Int], along axis: Int) -> AxisMap {
    var places = places
    places[axis] = chosen
    return AxisMap(source: source, places: places)
  }
}

extension LayerSite {
  /// The places of one axis of the input, in some order; nil after a fault.
  func choosing(_ places: [Int], along axis: Int, at option: String) -> Architecture.Node? {
    if places.isEmpty { return fault("leaves no values of the axis", at: option) }
    return node(AxisMap.identity(shape).choosing(places, along: axis))
  }
}
