import JSON

/// A kind of layer; the value has PyTorch's options. Each kind has a file in `Operations`, with the ranges of
/// the options, the rule for shapes and its faults, multiply-adds, and the passes. The reader of requests has
/// a list of the kinds, with the JSON fields of each.
public protocol LayerKind: Sendable, Equatable {
  /// The `type` of the layer in a request, after the PyTorch module.
  static var type: String { get }

  /// How many values the layer reads. A layer of a list reads the value before it.
  static var arity: ClosedRange<Int> { get }

  /// The defaults of the options, and placeholders for required ones.
  static var standard: Self { get }

  /// The options in a request.
  static var fields: Fields<Self> { get }

  /// Options and input shapes that between them reach every way through the passes. Tests run over them.
  static var examples: [LayerExample] { get }

  /// Checks the options against the input's shape and gives every tensor its place; nil after a fault.
  func place(at site: LayerSite) -> Architecture.Node?

  /// The same layer. Layers inside get names that begin with `name` and end with their places.
  func named(_ name: String) -> Self
}

extension LayerKind {
  public static var arity: ClosedRange<Int> { 1...1 }
  public static var examples: [LayerExample] { [LayerExample(standard, [[3, 4, 2]])] }
  public func named(_ name: String) -> Self { self }

  /// Whether another value is of the same kind and equal.
  fileprivate func equals(_ other: any LayerKind) -> Bool { other as? Self == self }
}

/// One layer as a user writes it. Sizes of the input follow from the layer before. A size that the user gives
/// must agree with them.
public struct LayerDescription: Sendable, Equatable {
  public let kind: any LayerKind
  /// Whether the layer's parameters are part of θ. Frozen parameters stay as they are: curvature, updates and scores
  /// leave them out.
  public var isTrainable = true

  public init(_ kind: any LayerKind) { self.kind = kind }

  /// The `type` of the layer in a request.
  public var type: String { Swift.type(of: kind).type }

  public static func == (left: LayerDescription, right: LayerDescription) -> Bool {
    left.kind.equals(right.kind) && left.isTrainable == right.isTrainable
  }
}

/// A layer, and the beginning of the names of its tensors in the PyTorch module of the network.
public struct NamedLayer: Sendable, Equatable {
  public var name: String
  public var layer: LayerDescription

  public init(_ name: String, _ layer: LayerDescription) {
    self.name = name
    self.layer = layer
  }

  /// Layers with the names that `torch.nn.Sequential` gives its modules. Inside a `residual` at position i
  /// the names are `i.layers.j` and `i.shortcut.j`.
  public static func sequential(_ layers: [LayerDescription], prefix: String = "") -> [NamedLayer] {
    layers.enumerated().map { index, layer in
      let name = "\(prefix)\(index)"
      var named = LayerDescription(layer.kind.named(name))
      named.isTrainable = layer.isTrainable
      return NamedLayer(name, named)
    }
  }
}
