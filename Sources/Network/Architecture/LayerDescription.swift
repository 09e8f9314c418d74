/// A kind of layer with PyTorch's options as its value. Each kind is declared in a file of its own in
/// `Operations`.
///
/// The file holds the options and their ranges, the rule by which shapes follow with its faults,
/// multiply-adds, and the passes. The reader of requests holds a list of the kinds, with the JSON fields of
/// each.
public protocol LayerKind: Sendable, Equatable {
  /// The `type` of the layer in a request, after the PyTorch module.
  static var type: String { get }

  /// Checks the options against the input's shape and gives every tensor its place; nil after a fault.
  func place(at site: LayerSite) -> Architecture.Node?

  /// The same layer with the layers inside named by their places below a name.
  func named(_ name: String) -> Self
}

extension LayerKind {
  public func named(_ name: String) -> Self { self }

  /// Whether another value is of the same kind and equal.
  fileprivate func equals(_ other: any LayerKind) -> Bool { other as? Self == self }
}

/// One layer as a user writes it. Sizes of the input follow from the layer before; a size that the user gives
/// must agree.
public struct LayerDescription: Sendable, Equatable {
  public let kind: any LayerKind

  public init(_ kind: any LayerKind) { self.kind = kind }

  /// The `type` of the layer in a request.
  public var type: String { Swift.type(of: kind).type }

  public static func == (left: LayerDescription, right: LayerDescription) -> Bool {
    left.kind.equals(right.kind)
  }
}

/// A layer and the name its tensors begin with, as the PyTorch module of the network has it.
public struct NamedLayer: Sendable, Equatable {
  public var name: String
  public var layer: LayerDescription

  public init(_ name: String, _ layer: LayerDescription) {
    self.name = name
    self.layer = layer
  }

  /// Names as `torch.nn.Sequential` counts its modules; inside a `residual` at position i they are
  /// `i.layers.j` and `i.shortcut.j`.
  public static func sequential(_ layers: [LayerDescription], prefix: String = "") -> [NamedLayer] {
    layers.enumerated().map { index, layer in
      let name = "\(prefix)\(index)"
      return NamedLayer(name, LayerDescription(layer.kind.named(name)))
    }
  }
}
