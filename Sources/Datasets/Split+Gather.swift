import Tensor

extension Split {
  /// Copies the inputs of some samples, normalized, to `target` in channels-last order
  /// (sample, height, width, channel).
  ///
  /// Bytes and `Float` are normalized in the asked precision, `Double` in `Double`. `Float` is normalized in
  /// `Double` too if the mean is at least a thousand standard deviations.
  ///
  /// - Precondition: indices are in 0 ..< count; `target` has room for indices.count · shape.count values.
  public func copyInputs<T: Scalar>(_ indices: UnsafeBufferPointer<Int>, into target: UnsafeMutablePointer<T>)
  {
    // The types are decided once for each call. The loops below are concrete.
    if T.self == Float.self {
      copy(indices, into: UnsafeMutableRawPointer(target).assumingMemoryBound(to: Float.self))
    } else if T.self == Double.self {
      copy(indices, into: UnsafeMutableRawPointer(target).assumingMemoryBound(to: Double.self))
    } else {
      preconditionFailure("Inputs are gathered as Float or Double.")
    }
  }

  /// The same for any collection of indices, such as `0..<count` or a slice of a permutation.
  public func copyInputs<T: Scalar>(
    _ indices: some RandomAccessCollection<Int>, into target: UnsafeMutablePointer<T>
  ) {
    let done: Void? = indices.withContiguousStorageIfAvailable { copyInputs($0, into: target) }
    if done == nil { Array(indices).withUnsafeBufferPointer { copyInputs($0, into: target) } }
  }

  /// Copies the classes of some samples.
  ///
  /// - Precondition: classification; indices are in 0 ..< count.
  public func copyLabels(
    _ indices: some RandomAccessCollection<Int>, into target: UnsafeMutablePointer<Int32>
  ) {
    var next = target
    for index in indices {
      next.pointee = labels[index]
      next += 1
    }
  }

  /// Copies the target values of some samples, (sample, output).
  ///
  /// - Precondition: regression; indices are in 0 ..< count.
  public func copyTargets<T: Scalar>(
    _ indices: some RandomAccessCollection<Int>, into target: UnsafeMutablePointer<T>
  ) {
    guard let targets else { preconditionFailure("A classification split has labels, not targets.") }
    let outputs = targets.shape[1]
    var next = target
    for index in indices {
      for output in 0..<outputs { next[output] = T(targets.elements[index * outputs + output]) }
      next += outputs
    }
  }

  /// The inputs of some samples as a tensor (n, height, width, channels), or (n, features) for vectors.
  public func inputs<T: Scalar>(_ indices: some RandomAccessCollection<Int>, as type: T.Type = T.self)
    -> Tensor<T>
  {
    let elements = [T](unsafeUninitializedCapacity: indices.count * shape.count) { buffer, filled in
      if let start = buffer.baseAddress { copyInputs(indices, into: start) }
      filled = indices.count * shape.count
    }
    return Tensor(
      shape: shape.isVector
        ? [indices.count, shape.channels] : [indices.count, shape.height, shape.width, shape.channels],
      elements: elements)
  }

  /// The values of one sample that the network sees, in the order (channel, height, width).
  ///
  /// - Precondition: index in 0 ..< count.
  public func values(at index: Int) -> [Double] {
    shape.channelsFirst(inputs([index], as: Double.self).elements)
  }

  private func copy(_ indices: UnsafeBufferPointer<Int>, into target: UnsafeMutablePointer<Float>) {
    switch storage {
    case .bytes(let values, _):
      gather(values, indices, map.centre32, map.factor32, target) {
        Float($0)
      } narrow: {
        $0
      }
    case .float32(let values) where map.needsDouble:
      gather(values, indices, map.centre64, map.factor64, target) {
        Double($0)
      } narrow: {
        Float($0)
      }
    case .float32(let values):
      gather(values, indices, map.centre32, map.factor32, target) {
        $0
      } narrow: {
        $0
      }
    case .float64(let values):
      gather(values, indices, map.centre64, map.factor64, target) {
        $0
      } narrow: {
        Float($0)
      }
    }
  }

  private func copy(_ indices: UnsafeBufferPointer<Int>, into target: UnsafeMutablePointer<Double>) {
    switch storage {
    case .bytes(let values, _):
      gather(values, indices, map.centre64, map.factor64, target) {
        Double($0)
      } narrow: {
        $0
      }
    case .float32(let values):
      gather(values, indices, map.centre64, map.factor64, target) {
        Double($0)
      } narrow: {
        $0
      }
    case .float64(let values):
      gather(values, indices, map.centre64, map.factor64, target) {
        $0
      } narrow: {
        $0
      }
    }
  }

  /// target ← narrow((widen(raw) − centre) · factor), row by row of a picture.
  @inline(__always)
  private func gather<Raw, Work: BinaryFloatingPoint, T>(
    _ values: [Raw], _ indices: UnsafeBufferPointer<Int>, _ centre: [Work], _ factor: [Work],
    _ target: UnsafeMutablePointer<T>, widen: (Raw) -> Work, narrow: (Work) -> T
  ) {
    let size = shape.count
    let rows = shape.height
    let width = map.row
    values.withUnsafeBufferPointer { values in
      centre.withUnsafeBufferPointer { centre in
        factor.withUnsafeBufferPointer { factor in
          guard let source = values.baseAddress, let centre = centre.baseAddress,
            let factor = factor.baseAddress
          else { return }
          for (sample, index) in indices.enumerated() {
            precondition(index >= 0 && index < count, "A sample index is out of range.")
            var from = source + index * size
            var to = target + sample * size
            if map.isIdentity {
              for i in 0..<size { to[i] = narrow(widen(from[i])) }
              continue
            }
            for _ in 0..<rows {
              for i in 0..<width { to[i] = narrow((widen(from[i]) - centre[i]) * factor[i]) }
              from += width
              to += width
            }
          }
        }
      }
    }
  }
}
