import Tensor

extension Architecture {
  /// Multiply-adds of the convolutions and linear layers for one sample, in one forward pass and counted directly,
  /// however they are computed.
  public var multiplyAddsPerSample: Int { Self.multiplyAdds(nodes) }

  private static func multiplyAdds(_ nodes: [Node]) -> Int {
    nodes.reduce(0) { sum, node in
      switch node {
      case .linear(let input, let output, _, _): return sum + input.count * output.count
      case .convolution(let input, let kernel, _, _, let output, _, _):
        return sum + output.count * kernel[0] * kernel[1] * input.channels
      case .residual(_, let main, let shortcut):
        return sum + multiplyAdds(main) + multiplyAdds(shortcut ?? [])
      default: return sum
      }
    }
  }
}
