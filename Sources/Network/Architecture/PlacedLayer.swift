import Tensor

/// A layer in its place in a network: its shapes are known, and its tensors have their offsets.
protocol PlacedLayer: Sendable, Equatable {
  /// The value that the layer gives.
  var value: ValueShape { get }

  /// Output values for one sample. The limit on memory and the size of shards follow from them.
  var values: Int { get }

  /// Multiply-adds of one forward pass for one sample, by the definition of the layer, without layers inside.
  var multiplyAdds: Int { get }

  /// Whether the layer changes values outside of training.
  var changesValues: Bool { get }

  /// Whether the output lies in memory as the input does, so that nothing needs to be done.
  var isAlias: Bool { get }

  /// Whether the layer normalizes over a minibatch of which each sample has one position.
  var normalizesSinglePositions: Bool { get }

  /// If the layer only moves numbers: for each number of the output the place of the input that it comes from, both in
  /// the order of memory, or −1 for zero. Else nil.
  var sources: [Int]? { get }

  /// Whether each sample has rows of its own, such as tokens. Then layers are fast with few samples.
  var worksOnRows: Bool { get }

  /// The function of an elementwise layer. The layer before applies this function to its own output.
  var activation: (any Elementwise)? { get }

  /// The layer with its passes.
  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage
}

extension PlacedLayer {
  var values: Int { value.count }
  var multiplyAdds: Int { 0 }
  var changesValues: Bool { true }
  var isAlias: Bool { false }
  var normalizesSinglePositions: Bool { false }
  var worksOnRows: Bool { false }
  var activation: (any Elementwise)? { nil }
  var sources: [Int]? { nil }

  /// Whether another layer is of the same type and equal.
  fileprivate func equals(_ other: any PlacedLayer) -> Bool { other as? Self == self }
}

extension Architecture {
  /// One layer in place, and the values that it reads. Value 0 is the network's input, and node i gives value
  /// i + 1.
  public struct Node: Sendable, Equatable {
    let layer: any PlacedLayer
    let inputs: [Int]
    /// Whether the node has a row of its own in the list that a user sees.
    let isListed: Bool
    /// Whether the node's parameters are part of θ, if it has any.
    private(set) var isTrainable = true

    /// The same node with frozen parameters.
    var frozen: Node {
      var node = self
      node.isTrainable = false
      return node
    }

    init(_ layer: some PlacedLayer, inputs: [Int], isListed: Bool = true) {
      self.layer = layer
      self.inputs = inputs
      self.isListed = isListed
    }

    public static func == (left: Node, right: Node) -> Bool {
      left.layer.equals(right.layer) && left.inputs == right.inputs && left.isTrainable == right.isTrainable
    }
  }
}

/// An elementwise function in its place.
struct PlacedFunction<Function: Elementwise>: PlacedLayer {
  let function: Function
  let value: ValueShape
  /// The values are counted with the layer before, which applies the function.
  var values: Int { 0 }
  var activation: (any Elementwise)? { function }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(Rearrangement<Element>.identity(value.count), activation: function)
  }
}
