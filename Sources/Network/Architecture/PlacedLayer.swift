import Tensor

/// A layer in its place in a network: its shapes are known, and its tensors have their offsets.
protocol PlacedLayer: Sendable, Equatable {
  var input: Shape { get }
  var output: Shape { get }

  /// Output values for one sample. The limit on memory and the size of shards follow from them.
  var values: Int { get }

  /// Multiply-adds of one forward pass for one sample, by the definition of the layer, without layers inside.
  var multiplyAdds: Int { get }

  /// The layers inside: a list for each branch.
  var branches: [[Architecture.Node]] { get }

  /// Whether the layer changes values outside of training.
  var changesValues: Bool { get }

  /// Whether the layer normalizes over a minibatch, and each sample has a single position.
  var normalizesSinglePositions: Bool { get }

  /// The function of an elementwise layer. The layer before applies this function to its own output.
  var activation: (any Elementwise)? { get }

  /// The layer with its passes, as a part of a chain.
  func stage<Element: Scalar>(_ builder: inout ChainBuilder<Element>) -> Chain<Element>.Stage
}

extension PlacedLayer {
  var values: Int { output.count }
  var multiplyAdds: Int { 0 }
  var branches: [[Architecture.Node]] { [] }
  var changesValues: Bool { true }
  var normalizesSinglePositions: Bool { false }
  var activation: (any Elementwise)? { nil }

  /// Whether another layer is of the same type and equal.
  fileprivate func equals(_ other: any PlacedLayer) -> Bool { other as? Self == self }
}

extension Architecture {
  /// One layer in place.
  public struct Node: Sendable, Equatable {
    let layer: any PlacedLayer

    init(_ layer: some PlacedLayer) { self.layer = layer }

    public static func == (left: Node, right: Node) -> Bool { left.layer.equals(right.layer) }

    /// The layer and all layers inside.
    var all: [any PlacedLayer] { [layer] + layer.branches.joined().flatMap(\.all) }
  }
}

/// An elementwise function in its place.
struct PlacedFunction<Function: Elementwise>: PlacedLayer {
  let function: Function
  let input: Shape

  var output: Shape { input }
  /// The values are counted with the layer before, which applies the function.
  var values: Int { 0 }
  var activation: (any Elementwise)? { function }

  func stage<Element: Scalar>(_ builder: inout ChainBuilder<Element>) -> Chain<Element>.Stage {
    .init(Rearrangement<Element>.identity(input), activation: function)
  }
}
