import Foundation
import Network
import Tensor
import TestSupport
import Testing

/// How far a Hessian product in `Float` strays from `Double` on the networks of the papers: random weights, random
/// pictures, a random direction.
struct PrecisionTests {
  struct Case: Sendable, CustomStringConvertible {
    let name: String
    let input: Shape
    /// ‖Hv − H₆₄v‖ / ‖H₆₄v‖ at most; ResNet-18 is deeper and its maxima are closer.
    let tolerance: Double
    var description: String { name }
  }

  static let cases = [
    Case(name: "vgg11", input: Shape(height: 32, width: 32, channels: 3), tolerance: 1e-4),
    Case(name: "resnet18", input: Shape(height: 28, width: 28, channels: 1), tolerance: 1e-3),
  ]

  private func error(_ item: Case, samples count: Int) throws -> Double {
    let named = try #require(NamedArchitecture(name: item.name))
    let architecture = try Architecture(
      layers: named.layers(input: item.input, outputs: 10), input: item.input, outputs: 10)
    var stream = RandomStream(seed: 1, purpose: "precision")
    let inputs = (0..<count * item.input.count).map { _ in Float(stream.normal()) }
    let labels = (0..<count).map { _ in Int32(stream.index(below: 10)) }
    let v = (0..<architecture.layout.parameterCount).map { _ in Float(stream.normal()) }
    let state = NetworkState<Float>(initial: architecture.layout, seed: 1)
    func product<Element: Scalar>(_: Element.Type) throws -> [Element] {
      // The same numbers in both precisions: the difference is rounding inside the passes alone.
      let linearization = try Linearization(
        network: Network<Element>(architecture),
        state: NetworkState(
          parameters: state.parameters.map { Element($0) },
          statistics: state.statistics.map { Element($0) }, counters: state.counters),
        samples: Samples(
          source: TensorSource(inputs: inputs, shape: item.input), indices: Array(0..<count),
          targets: .classes(labels)), loss: .crossEntropy, compute: Compute(pool: testPool))
      var result: [Element] = []
      try linearization.hessianProduct(v.map { Element($0) }, into: &result)
      return result
    }
    return relativeError(try product(Float.self), try product(Double.self))
  }

  @Test(arguments: cases)
  func productsOfFewSamples(_ item: Case) throws {
    let error = try error(item, samples: 2)
    #expect(error < item.tolerance)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["INFLUENCED_ALL_TESTS"] == "1"), arguments: cases)
  func productsOfThirtyTwoSamples(_ item: Case) throws {
    let error = try error(item, samples: 32)
    print("\(item.name): the product in float32 is within \(error) of that in float64")
    #expect(error < item.tolerance)
  }
}
