import JSON
import Network
import Tensor

/// The `architecture` of a model as a request writes it: a name, a name with options, a list of layers, or a
/// graph of nodes.
public struct ArchitectureRequest: Sendable {
  public enum Choice: Sendable, Equatable {
    case named(NamedArchitecture)
    case layers([LayerDescription])
    case graph(GraphDescription)
  }

  public let choice: Choice
  /// The number of outputs in the request; nil for the number that the loss needs. With one output for two
  /// classes, the cross-entropy is the binary logistic loss.
  public let outputs: Int?
  /// The body, defaults filled in.
  public internal(set) var json: JSONValue

  /// The network for the samples of a data set and a loss.
  ///
  /// Throws `ArchitectureFaults`.
  public func architecture(
    for set: CatalogDataset, loss: Loss
  ) throws(ArchitectureFaults) -> Architecture {
    let usual = loss.outputs(for: set.targets)
    guard let outputs, outputs != usual else {
      var isPerToken = false
      if case .positions = set.targets { isPerToken = true }
      let network = try architecture(input: set.shape, outputs: usual, isPerToken: isPerToken)
      try checkPositions(network, set.targets)
      return network
    }
    guard loss == .crossEntropy, usual == 2 else {
      throw ArchitectureFaults([
        .init(path: ["outputs"], detail: "must be \(usual): 1 is for the cross-entropy of two classes")
      ])
    }
    return try architecture(input: set.shape, outputs: outputs)
  }

  /// Checks that the outputs are a row of classes for each position.
  ///
  /// Throws `ArchitectureFaults`.
  private func checkPositions(
    _ network: Architecture, _ targets: CatalogDataset.Targets
  ) throws(ArchitectureFaults) {
    guard case .positions(let classes, let count) = targets, network.outputSizes != [count, classes] else {
      return
    }
    let sizes = network.outputSizes.map(String.init).joined(separator: "×")
    throw ArchitectureFaults([
      .init(
        path: [],
        detail:
          "must give \(count)×\(classes) outputs, \(classes) classes at each of \(count) positions, but it gives \(sizes)"
      )
    ])
  }

  private func architecture(
    input: Shape, outputs: Int, isPerToken: Bool = false
  ) throws(ArchitectureFaults) -> Architecture {
    switch choice {
    case .named(let named):
      return try Architecture(isPerToken ? named.perToken : named, input: input, outputs: outputs)
    case .layers(let layers):
      return try Architecture(layers: NamedLayer.sequential(layers), input: input, outputs: outputs)
    case .graph(let graph): return try Architecture(graph: graph, input: input, outputs: outputs)
    }
  }

  init(_ choice: Choice, outputs: Int? = nil, _ json: JSONValue) {
    self.choice = choice
    self.outputs = outputs
    self.json = json
  }
}

/// Two architectures are equal if they are written alike. Everything else follows from the JSON.
extension ArchitectureRequest: Hashable {
  public static func == (left: ArchitectureRequest, right: ArchitectureRequest) -> Bool {
    left.json == right.json
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(json) }
}
