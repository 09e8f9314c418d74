import Network
import Tensor

/// Coordinates φ in which the first layer, `linear` on the input columns, sees standardized columns: W′ =
/// W·diag(σ) and b′ = b + Wμ, so W′(x − μ)/σ + b′ = Wx + b. The network is the same function, but columns
/// such as 10⁷ ± 1 no longer cancel in its outputs, and all columns count alike. Without a bias no column is
/// centred.
struct InputScaling: Sendable {
  private let weights: Int
  private let bias: Int?
  private let neurons: Int
  private let fanIn: Int
  let means: [Double]
  /// Above zero.
  let scales: [Double]

  /// - Returns: nil for a network that does not begin with a linear layer on columns.
  init?(_ architecture: Architecture, _ samples: Samples) {
    guard let layer = architecture.firstLinearLayer else { return nil }
    weights = layer.weights
    bias = layer.bias
    neurons = layer.neurons
    fanIn = layer.fanIn
    let moments = InputMoments(samples)
    means = layer.bias == nil ? .zeros(layer.fanIn) : moments.means
    scales = moments.scales(about: means)
  }

  func samples(_ samples: Samples) -> Samples {
    Samples(
      source: ScaledSource(base: samples.source, means: means, scales: scales), indices: samples.indices,
      targets: samples.targets)
  }

  private func forEachRow(_ body: (_ weights: Int, _ bias: Int?) -> Void) {
    for row in 0..<neurons { body(weights + row * fanIn, bias.map { $0 + row }) }
  }

  /// θ = Bφ.
  func theta(_ phi: [Double]) -> [Double] {
    var theta = phi
    forEachRow { row, bias in
      for column in 0..<fanIn {
        theta[row + column] = phi[row + column] / scales[column]
        if let bias { theta[bias] -= theta[row + column] * means[column] }
      }
    }
    return theta
  }

  /// φ = B⁻¹θ.
  func phi(_ theta: [Double]) -> [Double] {
    var phi = theta
    forEachRow { row, bias in
      for column in 0..<fanIn {
        phi[row + column] = theta[row + column] * scales[column]
        if let bias { phi[bias] += theta[row + column] * means[column] }
      }
    }
    return phi
  }

  /// Bᵀv.
  func transposed(_ v: [Double]) -> [Double] {
    var result = v
    forEachRow { row, bias in
      let shift = bias.map { v[$0] } ?? 0
      for column in 0..<fanIn {
        result[row + column] = (v[row + column] - shift * means[column]) / scales[column]
      }
    }
    return result
  }

  /// The gradient by θ, from the gradient g by φ: B⁻ᵀg.
  func thetaGradient(_ g: [Double]) -> [Double] {
    var result = g
    forEachRow { row, bias in
      let shift = bias.map { g[$0] } ?? 0
      for column in 0..<fanIn {
        result[row + column] = g[row + column] * scales[column] + shift * means[column]
      }
    }
    return result
  }

  /// P⁻¹v for P = hI + λBᵀB, which is diagonal but for a term of rank one a row (Sherman and Morrison).
  func preconditioned(_ v: [Double], h: Double, weightDecay: Double) -> [Double] {
    let diagonal = (0..<fanIn).map { h + weightDecay / (scales[$0] * scales[$0]) }
    let tilt = (0..<fanIn).map { -means[$0] / scales[$0] }
    let spread = 1 / h + zip(tilt, diagonal).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }
    var result = v
    result.scale(1 / (h + weightDecay))
    forEachRow { row, bias in
      for column in 0..<fanIn { result[row + column] = v[row + column] / diagonal[column] }
      guard let bias else { return }
      result[bias] = v[bias] / h
      guard weightDecay > 0 else { return }
      var along = result[bias]
      for column in 0..<fanIn { along += tilt[column] * result[row + column] }
      let factor = weightDecay * along / (1 + weightDecay * spread)
      result[bias] -= factor / h
      for column in 0..<fanIn { result[row + column] -= factor * tilt[column] / diagonal[column] }
    }
    return result
  }

  /// The diagonal of that P.
  func preconditionerDiagonal(_ count: Int, h: Double, weightDecay: Double) -> [Double] {
    var diagonal = [Double](repeating: h + weightDecay, count: count)
    forEachRow { row, _ in
      for column in 0..<fanIn {
        let tilt = means[column] / scales[column]
        diagonal[row + column] =
          h + weightDecay * (1 / (scales[column] * scales[column]) + (bias == nil ? 0 : tilt * tilt))
      }
    }
    return diagonal
  }
}

/// Means of the columns of samples, and second moments about the means, which avoids cancellation.
private struct InputMoments {
  let means: [Double]
  private let deviations: [Double]

  init(_ samples: Samples) {
    let (count, size) = (samples.count, samples.source.shape.count)
    var sums = [Double].zeros(size)
    Self.forEachRow(samples) { row in for column in 0..<size { sums[column] += row[column] } }
    let means = sums.map { $0 / Double(count) }
    var squares = [Double].zeros(size)
    Self.forEachRow(samples) { row in
      for column in 0..<size {
        let difference = row[column] - means[column]
        squares[column] += difference * difference
      }
    }
    self.means = means
    deviations = squares.map { ($0 / Double(count)).squareRoot() }
  }

  /// The root mean square of each column about other centres. For a constant column: its size, or 1 for 0.
  func scales(about centres: [Double]) -> [Double] {
    means.indices.map { column in
      let offset = means[column] - centres[column]
      let size = (deviations[column] * deviations[column] + offset * offset).squareRoot()
      // Below this a column is constant, and its deviation is rounding.
      if size > 1e-13 * abs(means[column]), size.isFinite { return size }
      return means[column] != 0 && means[column].isFinite ? abs(means[column]) : 1
    }
  }

  private static func forEachRow(_ samples: Samples, _ body: (UnsafePointer<Double>) -> Void) {
    let size = samples.source.shape.count
    let chunk = 256
    let buffer = Buffer<Double>(count: min(chunk, max(1, samples.count)) * size)
    for first in stride(from: 0, to: samples.count, by: chunk) {
      let end = min(first + chunk, samples.count)
      samples.source.copyInputs(samples.indices[first..<end], into: buffer.pointer)
      for row in 0..<end - first { body(UnsafePointer(buffer.pointer + row * size)) }
    }
  }
}

/// (x − μ)/σ of another source's columns.
private struct ScaledSource: SampleSource {
  let base: any SampleSource
  let means: [Double]
  let scales: [Double]

  var count: Int { base.count }
  var shape: Shape { base.shape }

  func copyInputs<Element: Scalar>(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Element>) {
    base.copyInputs(indices, into: target)
    for row in 0..<indices.count {
      let values = target + row * means.count
      for column in means.indices {
        values[column] = Element((Double(values[column]) - means[column]) / scales[column])
      }
    }
  }
}
