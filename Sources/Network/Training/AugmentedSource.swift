import Tensor

/// Pictures that are changed at random when a pass copies them. The change of a picture follows from (seed,
/// epoch, its index), so the cut into shards does not matter.
struct AugmentedSource: SampleSource {
  let base: any SampleSource
  let augment: Set<TrainingOptions.Augmentation>
  let seed: UInt64
  let epoch: Int

  /// How many places a crop may move a picture.
  static let reach = 4

  var count: Int { base.count }
  var shape: Shape { base.shape }

  func copyInputs<Element: Scalar>(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Element>) {
    base.copyInputs(indices, into: target)
    let size = shape.count
    let copy = Buffer<Element>(count: size)
    for (row, index) in indices.enumerated() {
      var stream = SplitMix64(state: seed ^ (UInt64(epoch) &* 0xd134_2543_de82_ef95))
      stream.state = stream.next() ^ UInt64(index)
      let bits = stream.next()
      let flips = augment.contains(.flip) && bits & 1 == 1
      let span = UInt64(2 * Self.reach + 1)
      let dy = augment.contains(.crop) ? Int((bits >> 8) % span) - Self.reach : 0
      let dx = augment.contains(.crop) ? Int((bits >> 32) % span) - Self.reach : 0
      guard flips || dx != 0 || dy != 0 else { continue }
      let picture = target + row * size
      copy.pointer.update(from: picture, count: size)
      move(copy.pointer, picture, dy, dx, flips)
    }
  }

  private func move<Element: Scalar>(
    _ source: UnsafePointer<Element>, _ target: UnsafeMutablePointer<Element>, _ dy: Int, _ dx: Int,
    _ flips: Bool
  ) {
    let channels = shape.channels
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        let place = target + (y * shape.width + x) * channels
        let fromY = y + dy
        let shifted = x + dx
        guard fromY >= 0, fromY < shape.height, shifted >= 0, shifted < shape.width else {
          place.clear(channels)
          continue
        }
        let fromX = flips ? shape.width - 1 - shifted : shifted
        place.update(from: source + (fromY * shape.width + fromX) * channels, count: channels)
      }
    }
  }
}

extension Samples {
  /// The same samples, each with one fixed random change: that of an epoch of a training with this seed.
  public func augmented(by augment: Set<TrainingOptions.Augmentation>, seed: UInt64) -> Samples {
    guard !augment.isEmpty else { return self }
    let source = AugmentedSource(base: source, augment: augment, seed: seed, epoch: 0)
    return Samples(source: source, indices: indices, targets: targets)
  }
}
