import Tensor

extension NetworkState {
  /// Lends φ(θ) of a form of the network, and the statistics, to passes on any thread.
  /// - Parameter operand: receives φ(θ), if that is another vector than θ.
  func withPointers<Result>(
    in form: NetworkForm<Element>, _ operand: Operand<Element>, _ compute: Compute,
    _ body: (StatePointers<Element>) throws(Cancelled) -> Result
  ) throws(Cancelled) -> Result {
    try withArrays { theta, running throws(Cancelled) in
      if form.isIdentity {
        return try body(StatePointers(parameters: theta, transformed: nil, statistics: running))
      }
      try form.prepare(operand, theta: theta, running: running, compute)
      return try body(
        StatePointers(
          parameters: UnsafePointer(operand.values.pointer), transformed: operand.transformed,
          statistics: running))
    }
  }

  /// The gradient by θ, from the gradient by φ(θ).
  func pullBack(
    _ gradient: UnsafePointer<Element>, in form: NetworkForm<Element>, _ compute: Compute
  ) throws(Cancelled) -> [Element] {
    var result = [Element].zeros(parameters.count)
    try withArrays { theta, running throws(Cancelled) in
      try result.withUnsafeMutableBufferPointer { result throws(Cancelled) in
        guard let base = result.baseAddress else { return }
        try form.pullBack(gradient, theta: theta, running: running, into: base, compute)
      }
    }
    return result
  }

  /// Lends pointers to θ and the running statistics, without a copy.
  func withArrays<Result>(
    _ body: (_ theta: UnsafePointer<Element>, _ running: UnsafePointer<Element>) throws(Cancelled) -> Result
  ) throws(Cancelled) -> Result {
    try parameters.withUnsafeBufferPointer { theta throws(Cancelled) in
      try statistics.withUnsafeBufferPointer { running throws(Cancelled) in
        try body(theta.start, running.start)
      }
    }
  }
}

extension UnsafeBufferPointer {
  /// The first element. For an empty buffer it is some valid address that is never read.
  var start: UnsafePointer<Element> {
    baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Element>.alignment)!
  }
}
