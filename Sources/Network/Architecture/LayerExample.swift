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
  public let inputs: Inputs

  init(_ kind: some LayerKind, _ shapes: [[Int]], _ inputs: Inputs = .any) {
    layer = LayerDescription(kind)
    self.shapes = shapes
    self.inputs = inputs
  }

  public var description: String {
    "\(layer.type) of " + shapes.map { $0.map(String.init).joined(separator: "×") }.joined(separator: ", ")
  }
}
