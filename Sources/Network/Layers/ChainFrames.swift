import Tensor

extension Chain {
  /// The values that the primal passes leave behind.
  final class Kept: Frame {
    /// aᵢ of stage i, if it is kept.
    let outputs: [Buffer<Element>?]
    let frames: [Frame]
    /// ∂zᵢ and, for curved activations, ∂aᵢ. The memory is made when a backward pass first needs it.
    private var inner: [Buffer<Element>?]
    private var outer: [Buffer<Element>?]
    private let sizes: [Int]

    init(outputs: [Buffer<Element>?], frames: [Frame], sizes: [Int]) {
      self.outputs = outputs
      self.frames = frames
      self.sizes = sizes
      inner = sizes.map { _ in nil }
      outer = inner
    }

    /// ∂zᵢ that the primal backward pass has left, to be read.
    func keptInner(_ index: Int) -> UnsafePointer<Element> { Self.kept(inner, index) }

    /// ∂aᵢ that the primal backward pass has left, to be read.
    func keptOuter(_ index: Int) -> UnsafePointer<Element> { Self.kept(outer, index) }

    /// ∂zᵢ of stage i, to be written.
    func innerGradient(_ index: Int) -> UnsafeMutablePointer<Element> { Self.made(&inner, index, sizes) }

    /// ∂aᵢ of stage i, to be written.
    func outerGradient(_ index: Int) -> UnsafeMutablePointer<Element> { Self.made(&outer, index, sizes) }

    private static func kept(_ buffers: [Buffer<Element>?], _ index: Int) -> UnsafePointer<Element> {
      guard let buffer = buffers[index] else {
        preconditionFailure("Products follow a backward pass that keeps its gradients.")
      }
      return UnsafePointer(buffer.pointer)
    }

    private static func made(
      _ buffers: inout [Buffer<Element>?], _ index: Int, _ sizes: [Int]
    ) -> UnsafeMutablePointer<Element> {
      if let buffer = buffers[index] { return buffer.pointer }
      let buffer = Buffer<Element>(count: sizes[index])
      buffers[index] = buffer
      return buffer.pointer
    }
  }

  /// Memory that a pass uses and no later pass reads.
  final class Working: Frame {
    /// ȧᵢ of stage i, if a tangent's backward pass reads it.
    private lazy var tangents: [Buffer<Element>?] = zip(sizes, keepsTangent).map {
      $1 ? Buffer(count: $0) : nil
    }
    let frames: [Frame]
    /// Buffers that are large enough for the values of any stage.
    let turns: Turns<Element>
    private let sizes: [Int]
    private let keepsTangent: [Bool]

    init(frames: [Frame], sizes: [Int], keepsTangent: [Bool], turns: Turns<Element>) {
      self.frames = frames
      self.sizes = sizes
      self.keepsTangent = keepsTangent
      self.turns = turns
      turns.makeRoom(for: sizes.max() ?? 0)
    }

    /// The memory for ȧᵢ: a kept buffer, or one that later stages overwrite.
    func tangentTarget(_ index: Int) -> UnsafeMutablePointer<Element> {
      tangents[index]?.pointer ?? turns.next()
    }

    /// ȧᵢ that the tangent's forward pass has left.
    func keptTangent(_ index: Int) -> UnsafePointer<Element> {
      guard let buffer = tangents[index] else {
        preconditionFailure("A layer that is no fixed map finds its tangent kept.")
      }
      return UnsafePointer(buffer.pointer)
    }
  }
}
