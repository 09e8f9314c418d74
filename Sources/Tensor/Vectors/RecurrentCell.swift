import CKernels

/// One step of a recurrent cell over several samples (`recurrent.h`, which says what each array holds).
public struct RecurrentCell: Sendable, Equatable {
  public enum Kind: Sendable { case lstm, gru }

  public let kind: Kind
  public let units: Int

  public init(_ kind: Kind, units: Int) {
    self.kind = kind
    self.units = units
  }

  /// Values of x and of a: the gates of all units.
  public var gates: Int { (kind == .lstm ? 4 : 3) * units }
  /// Values that a step keeps.
  public var kept: Int { (kind == .lstm ? 5 : 4) * units }

  /// An array with how far apart its samples lie. The array of the step before is nil in the first step.
  public struct Rows<Pointer> {
    public let pointer: Pointer
    public let step: Int

    public init(_ pointer: Pointer, step: Int) {
      self.pointer = pointer
      self.step = step
    }
  }

  /// Writes k and h.
  public func step<Element: Scalar>(
    _ rows: Int, x: Rows<UnsafePointer<Element>>, a: Rows<UnsafePointer<Element>>,
    before: (h: UnsafePointer<Element>, k: UnsafePointer<Element>)?, k: Rows<UnsafeMutablePointer<Element>>,
    h: Rows<UnsafeMutablePointer<Element>>
  ) {
    switch Element.precision {
    case .float32:
      (kind == .lstm ? ck_lstm_f32 : ck_gru_f32)(
        rows, units, x.pointer.bound(), x.step, a.pointer.bound(), a.step, before?.h.bound(), h.step,
        before?.k.bound(), k.pointer.bound(), k.step, h.pointer.bound())
    case .float64:
      (kind == .lstm ? ck_lstm_f64 : ck_gru_f64)(
        rows, units, x.pointer.bound(), x.step, a.pointer.bound(), a.step, before?.h.bound(), h.step,
        before?.k.bound(), k.pointer.bound(), k.step, h.pointer.bound())
    }
  }

  /// The values of the step before that a derivative reads, and their tangents.
  public typealias Before<Element> = (
    h: UnsafePointer<Element>, k: UnsafePointer<Element>, th: UnsafePointer<Element>,
    tk: UnsafePointer<Element>
  )

  /// The derivative along ẋ, which may be absent, and ȧ: writes k̇ and ḣ.
  public func tangent<Element: Scalar>(
    _ rows: Int, tx: Rows<UnsafePointer<Element>?>, ta: Rows<UnsafePointer<Element>>,
    before: Before<Element>?, k: UnsafePointer<Element>, tk: Rows<UnsafeMutablePointer<Element>>,
    th: Rows<UnsafeMutablePointer<Element>>
  ) {
    switch Element.precision {
    case .float32:
      (kind == .lstm ? ck_lstm_tangent_f32 : ck_gru_tangent_f32)(
        rows, units, tx.pointer?.bound(), tx.step, ta.pointer.bound(), ta.step, before?.h.bound(),
        before?.th.bound(), th.step, before?.k.bound(), k.bound(), before?.tk.bound(), tk.pointer.bound(),
        tk.step, th.pointer.bound())
    case .float64:
      (kind == .lstm ? ck_lstm_tangent_f64 : ck_gru_tangent_f64)(
        rows, units, tx.pointer?.bound(), tx.step, ta.pointer.bound(), ta.step, before?.h.bound(),
        before?.th.bound(), th.step, before?.k.bound(), k.bound(), before?.tk.bound(), tk.pointer.bound(),
        tk.step, th.pointer.bound())
    }
  }

  /// Writes ∂x, if somebody asks, and ∂a.
  public func backward<Element: Scalar>(
    _ rows: Int, before: (h: UnsafePointer<Element>, k: UnsafePointer<Element>)?, hStep: Int,
    k: Rows<UnsafePointer<Element>>, dh: UnsafePointer<Element>, carry: UnsafeMutablePointer<Element>,
    dx: Rows<UnsafeMutablePointer<Element>?>, da: Rows<UnsafeMutablePointer<Element>>
  ) {
    switch Element.precision {
    case .float32:
      (kind == .lstm ? ck_lstm_backward_f32 : ck_gru_backward_f32)(
        rows, units, before?.h.bound(), hStep, before?.k.bound(), k.pointer.bound(), k.step, dh.bound(),
        carry.bound(), dx.pointer?.bound(), dx.step, da.pointer.bound(), da.step)
    case .float64:
      (kind == .lstm ? ck_lstm_backward_f64 : ck_gru_backward_f64)(
        rows, units, before?.h.bound(), hStep, before?.k.bound(), k.pointer.bound(), k.step, dh.bound(),
        carry.bound(), dx.pointer?.bound(), dx.step, da.pointer.bound(), da.step)
    }
  }

  /// A value with its derivative along a direction.
  public typealias Pair<Pointer> = (primal: Pointer, tangent: Pointer)

  /// `backward` with its derivative: writes ∂a and ∂ȧ, and ∂ẋ if somebody asks.
  public func backwardTangent<Element: Scalar>(
    _ rows: Int, before: Before<Element>?, hStep: Int, k: Pair<UnsafePointer<Element>>, kStep: Int,
    dh: Pair<UnsafePointer<Element>>, carry: Pair<UnsafeMutablePointer<Element>>,
    tdx: Rows<UnsafeMutablePointer<Element>?>, da: Pair<UnsafeMutablePointer<Element>>, daStep: Int
  ) {
    switch Element.precision {
    case .float32:
      (kind == .lstm ? ck_lstm_backward_tangent_f32 : ck_gru_backward_tangent_f32)(
        rows, units, before?.h.bound(), before?.th.bound(), hStep, before?.k.bound(), k.primal.bound(),
        before?.tk.bound(), k.tangent.bound(), kStep, dh.primal.bound(), dh.tangent.bound(),
        carry.primal.bound(), carry.tangent.bound(), tdx.pointer?.bound(), tdx.step, da.primal.bound(),
        da.tangent.bound(), daStep)
    case .float64:
      (kind == .lstm ? ck_lstm_backward_tangent_f64 : ck_gru_backward_tangent_f64)(
        rows, units, before?.h.bound(), before?.th.bound(), hStep, before?.k.bound(), k.primal.bound(),
        before?.tk.bound(), k.tangent.bound(), kStep, dh.primal.bound(), dh.tangent.bound(),
        carry.primal.bound(), carry.tangent.bound(), tdx.pointer?.bound(), tdx.step, da.primal.bound(),
        da.tangent.bound(), daStep)
    }
  }
}
