/// A layer with some options over inputs of some shapes, for tests.
public struct LayerExample: Sendable, CustomStringConvertible {
  /// The numbers that the layer takes.
  public enum Inputs: Sendable {
    case any, positive
    case whole(below: Int)
  }

  public let layer: LayerDescription
  /// Sizes of each input, without the batch.
  public let shapes: [[Int]]
  /// For each input.
  public let inputs: [Inputs]

  /// - Parameter inputs: one for all inputs, or one for each.
  init(_ kind: some LayerKind, _ shapes: [[Int]], _ inputs: Inputs...) {
    layer = LayerDescription(kind)
    self.shapes = shapes
    self.inputs =
      inputs.count == shapes.count
      ? inputs : Array(repeating: inputs.first ?? .any, count: shapes.count)
  }

  public var description: String {
    "\(layer.type) of " + shapes.map { $0.map(String.init).joined(separator: "×") }.joined(separator: ", ")
  }
}
