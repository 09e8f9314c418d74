import JSON
import Network
import Tensor
import Testing

/// The first values of the tensors of a network.
struct InitialStateTests {
  private static let layers = #"""
    [{"type": "conv2d", "out_channels": 4, "kernel_size": 3}, {"type": "batch_norm2d"},
    {"type": "prelu", "num_parameters": 4, "init": 0.125}, {"type": "prelu"}, {"type": "flatten"},
    {"type": "linear", "out_features": 6}]
    """#

  private func check<Element: Scalar>(_: Element.Type) throws {
    let layers = try LayerDescription.list.value(of: JSONParser.parse(Self.layers))
    let architecture = try Architecture(
      layers: NamedLayer.sequential(layers), input: Shape(height: 5, width: 5, channels: 2))
    let state = NetworkState<Element>(initial: architecture.layout, seed: 3)
    func values(_ name: String) throws -> [Double] {
      let tensor = try #require(architecture.layout.tensors.first { $0.name == name })
      return tensor.exported(from: tensor.kind.isParameter ? state.parameters : state.statistics).map(
        Double.init)
    }
    for (name, fanIn) in [("0.weight", 18.0), ("0.bias", 18), ("5.weight", 36), ("5.bias", 36)] {
      let values = try values(name)
      let bound = 1 / fanIn.squareRoot()
      #expect(values.allSatisfy { abs($0) <= bound } && Set(values).count == values.count)
      #expect(values.map(abs).reduce(0, max) > bound / 2)
    }
    #expect(try values("1.weight") == [1, 1, 1, 1] && values("1.bias") == [0, 0, 0, 0])
    #expect(try values("1.running_mean") == [0, 0, 0, 0] && values("1.running_var") == [1, 1, 1, 1])
    #expect(try values("2.weight") == [0.125, 0.125, 0.125, 0.125] && values("3.weight") == [0.25])
  }

  @Test func tensorsBeginAsInPyTorch() throws {
    try check(Float.self)
    try check(Double.self)
  }
}
