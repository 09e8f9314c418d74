import Tensor

/// Arrays by their numbers. The memory of an array is made when a step first names it.
private struct ArrayTable<Element: Scalar> {
  private let sizes: [Int]
  private var buffers: [Buffer<Element>?]

  init(_ sizes: [Int]) {
    self.sizes = sizes
    buffers = sizes.map { _ in nil }
  }

  subscript(index: Int) -> UnsafeMutablePointer<Element> {
    mutating get {
      if let buffer = buffers[index] { return buffer.pointer }
      let buffer = Buffer<Element>(count: sizes[index])
      buffers[index] = buffer
      return buffer.pointer
    }
  }
}

extension Program {
  /// The values that the primal passes over one shard leave behind. An evaluation leaves none.
  final class Kept {
    /// Memory of each stage.
    let frames: [Frame]
    private var outputs: ArrayTable<Element>
    private var gradients: ArrayTable<Element>
    private var outers: ArrayTable<Element>

    init(_ program: Program, capacity: Int) {
      frames = program.stages.map { $0.body?.makeFrame(capacity: capacity) ?? Frame() }
      outputs = ArrayTable(program.wiring.sizes.map { $0 * capacity })
      gradients = outputs
      outers = outputs
    }

    func output(_ value: Int) -> UnsafeMutablePointer<Element> { outputs[value] }
    func gradient(_ value: Int) -> UnsafeMutablePointer<Element> { gradients[value] }
    func outer(_ value: Int) -> UnsafeMutablePointer<Element> { outers[value] }
  }

  /// Memory that one pass needs and that nobody keeps.
  final class Working {
    /// Memory of each stage.
    let frames: [Frame]
    private var tangents: ArrayTable<Element>
    private var slots: ArrayTable<Element>

    init(_ program: Program, capacity: Int) {
      let sizes = program.wiring.sizes.map { $0 * capacity }
      let spares = Spares<Element>(length: sizes.max() ?? 0)
      frames = program.stages.map {
        $0.body?.makeWorkspace(capacity: capacity, spares: spares) ?? Frame()
      }
      tangents = ArrayTable(sizes)
      slots = ArrayTable(program.slots.map { $0 * capacity })
    }

    func tangent(_ value: Int) -> UnsafeMutablePointer<Element> { tangents[value] }
    func slot(_ index: Int) -> UnsafeMutablePointer<Element> { slots[index] }
  }

  /// The arrays of a pass that the caller lends until the pass has ended. A schedule writes those that its
  /// pass gives, and reads the others.
  struct Ends {
    /// The network's input and output.
    var x: UnsafeMutablePointer<Element>
    var y: UnsafeMutablePointer<Element>
    var dy: UnsafeMutablePointer<Element>?
    var dx: UnsafeMutablePointer<Element>?
    var ty: UnsafeMutablePointer<Element>?
    var tdy: UnsafeMutablePointer<Element>?
    var tdx: UnsafeMutablePointer<Element>?

    fileprivate subscript(end: Int) -> UnsafeMutablePointer<Element>? {
      switch Place.End(rawValue: end) {
      case .x: x
      case .y: y
      case .dy: dy
      case .dx: dx
      case .ty: ty
      case .tdy: tdy
      case .tdx: tdx
      case nil: nil
      }
    }
  }

  /// Everything that the steps of a pass over one shard find and leave.
  struct Memory {
    let kept: Kept
    let working: Working
    var ends: Ends

    /// nil for no place.
    func optional(_ place: Place) -> UnsafeMutablePointer<Element>? {
      switch place.home {
      case .none: nil
      case .end: ends[place.index]
      case .output: kept.output(place.index)
      case .gradient: kept.gradient(place.index)
      case .outer: kept.outer(place.index)
      case .tangent: working.tangent(place.index)
      case .slot: working.slot(place.index)
      }
    }

    subscript(place: Place) -> UnsafeMutablePointer<Element> {
      guard let pointer = optional(place) else {
        preconditionFailure("The schedule names an array that the caller of the pass did not lend.")
      }
      return pointer
    }

    func read(_ place: Place) -> UnsafePointer<Element> { UnsafePointer(self[place]) }
    func optionalRead(_ place: Place) -> UnsafePointer<Element>? { optional(place).map { UnsafePointer($0) } }
  }
}
