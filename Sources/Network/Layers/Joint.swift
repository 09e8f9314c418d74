import Tensor

/// An operation of several inputs, or one whose passes read something else than a `Layer`'s do. The passes
/// are those of `Layer`, with a pointer for each input.
///
/// A pointer is nil where `uses` leaves the array out, where a tangent is zero, or where nobody asks for a
/// gradient.
protocol Joint<Element>: LayerBody {
  var uses: LayerUses { get }
  var hasParameters: Bool { get }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - dx: for each input, receives ∂x.
  ///   - gradient: of the network's length, added to.
  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>)

  /// - Parameter ty: receives ẏ.
  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>)

  /// - Parameters:
  ///   - tdx: for each input, receives ∂ẋ.
  ///   - product: of the network's length, added to; nil if nobody asks.
  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?)
}

extension Joint {
  var uses: LayerUses { LayerUses() }
  var hasParameters: Bool { false }
}
