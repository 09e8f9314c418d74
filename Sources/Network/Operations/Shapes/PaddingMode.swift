import Tensor

/// How the places around a picture or a sequence are filled: PyTorch's `padding_mode`.
enum PaddingMode: String, Sendable, CaseIterable {
  case zeros, reflect, replicate, circular

  /// The places of an axis, with places around them: −1 for a zero. nil if the axis has too few places.
  func places(_ size: Int, before: Int, after: Int) -> [Int]? {
    let largest = max(before, after)
    guard self != .reflect || largest < size, self != .circular || largest <= size else { return nil }
    return (-before..<size + after).map { place in
      if (0..<size).contains(place) { return place }
      return switch self {
      case .zeros: -1
      case .reflect: place < 0 ? -place : 2 * (size - 1) - place
      case .replicate: place < 0 ? 0 : size - 1
      case .circular: place < 0 ? place + size : place - size
      }
    }
  }

  /// The largest padding of an axis.
  func limit(_ size: Int) -> Int? {
    switch self {
    case .zeros, .replicate: nil
    case .reflect: size - 1
    case .circular: size
    }
  }
}

extension LayerSite {
  /// The site of an input with the padding of a window around it, and the window without its padding. Zeros
  /// stay with the window. nil after a fault.
  /// - Parameter input: the input of this site, channels-last in memory.
  func bordered(
    _ input: Shape, _ options: WindowOptions, _ mode: PaddingMode, in ranges: WindowRanges
  ) -> (site: LayerSite, input: Shape, options: WindowOptions)? {
    if mode == .zeros { return (self, input, options) }
    guard check(options, ranges) else { return nil }
    if shape.rank != options.kernel.count + 1 {
      // A vector is a picture of one place.
      let picture = insert(relabelled(ValueShape(picture: input)))
      return reading([picture]).bordered(input, options, mode, in: ranges)
    }
    var map = AxisMap.identity(shape)
    for axis in options.kernel.indices {
      let size = shape.sizes[axis + 1]
      let (before, after) = options.padding(along: axis)
      guard let places = mode.places(size, before: before, after: after) else {
        let limit = mode.limit(size).map { "\($0)" } ?? ""
        addFault(
          "must be at most \(limit) for \(mode.rawValue) padding of \(size) places, got \(max(before, after))",
          at: "padding")
        return nil
      }
      map = map.choosing(places, along: axis + 1)
    }
    guard hasRoom(sizes: map.value.sizes, at: "padding") else { return nil }
    let site = reading([insert(node(map))])
    let sizes = site.shape.sizes
    return (
      site,
      Shape(height: sizes.count == 2 ? 1 : sizes[1], width: sizes[sizes.count - 1], channels: sizes[0]),
      options.withoutPadding
    )
  }
}
