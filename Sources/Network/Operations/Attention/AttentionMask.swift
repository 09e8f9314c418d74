import Tensor

/// The meaning of the numbers of a mask.
enum AttentionMask: String, Sendable, CaseIterable { case additive, boolean }

extension LayerSite {
  /// A value where a mask is not 0, and a constant elsewhere; nil after a fault.
  func choosing(_ value: Int, where mask: Int, else constant: Double) -> Int? {
    Where(constant: constant).place(at: reading([mask, value])).map(insert)
  }
}
