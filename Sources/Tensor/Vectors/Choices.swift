import CKernels

/// A condition of two numbers, as a vector loop (`choices.h`).
public typealias Comparison = ck_comparison

/// Loops whose result depends on a condition (`choices.h`). A step of 0 reads one number for all places.
public enum Choices<Element: Scalar> {
  public typealias Read = UnsafePointer<Element>
  public typealias Write = UnsafeMutablePointer<Element>

  /// y[i] ← 1 where a[i] and b[i·step] fulfil the condition, else 0.
  public static func compare(
    _ condition: Comparison, _ a: Read, _ b: Read, step: Int, _ y: Write, _ n: Int
  ) {
    switch Element.precision {
    case .float32: ck_compare_f32(condition, a.bound(), b.bound(), step, y.bound(), n)
    case .float64: ck_compare_f64(condition, a.bound(), b.bound(), step, y.bound(), n)
    }
  }

  /// y[i] ← a[i·aStep] where mask[i] is not 0, else b[i·bStep].
  public static func choose(
    _ mask: Read, _ a: Read, aStep: Int, _ b: Read, bStep: Int, _ y: Write, _ n: Int
  ) {
    switch Element.precision {
    case .float32: ck_choose_f32(mask.bound(), a.bound(), aStep, b.bound(), bStep, y.bound(), n)
    case .float64: ck_choose_f64(mask.bound(), a.bound(), aStep, b.bound(), bStep, y.bound(), n)
    }
  }

  /// y[i] ← the larger or smaller one of a[i] and b[i·step].
  public static func extreme(_ end: Extreme, _ a: Read, _ b: Read, step: Int, _ y: Write, _ n: Int) {
    switch Element.precision {
    case .float32: ck_extreme_f32(Float(end.rawValue), a.bound(), b.bound(), step, y.bound(), n)
    case .float64: ck_extreme_f64(Double(end.rawValue), a.bound(), b.bound(), step, y.bound(), n)
    }
  }

  /// y ← d∘w, or y ← y + d∘w. The share w of a[i] in the extreme is 1, or 0, or ½ if both numbers are equal.
  public static func extremeShare(
    _ end: Extreme, _ a: Read, _ b: Read, step: Int, _ d: Read, adds: Bool, _ y: Write, _ n: Int
  ) {
    switch Element.precision {
    case .float32:
      ck_extreme_share_f32(
        Float(end.rawValue), a.bound(), b.bound(), step, d.bound(), adds ? 1 : 0, y.bound(), n)
    case .float64:
      ck_extreme_share_f64(
        Double(end.rawValue), a.bound(), b.bound(), step, d.bound(), adds ? 1 : 0, y.bound(), n)
    }
  }
}

/// Which end of an order is meant.
public enum Extreme: Int, Sendable {
  case smallest = -1
  case largest = 1
}

/// The passes of a function with a slope for each channel below 0, over arrays outer × channels × inner.
public struct ChannelSlopes<Element: Scalar>: Sendable {
  public typealias Read = UnsafePointer<Element>
  public typealias Write = UnsafeMutablePointer<Element>

  public let channels: Int
  public let inner: Int

  public init(channels: Int, inner: Int) {
    self.channels = channels
    self.inner = inner
  }

  /// y ← x where x > 0, else w·x
  public func values(_ x: Read, _ w: Read, _ y: Write, outer: Int) {
    switch Element.precision {
    case .float32: ck_prelu_f32(x.bound(), w.bound(), y.bound(), outer, channels, inner)
    case .float64: ck_prelu_f64(x.bound(), w.bound(), y.bound(), outer, channels, inner)
    }
  }

  /// y ← d where x > 0, else w·d
  public func slope(_ x: Read, _ w: Read, _ d: Read, _ y: Write, outer: Int) {
    switch Element.precision {
    case .float32: ck_prelu_slope_f32(x.bound(), w.bound(), d.bound(), y.bound(), outer, channels, inner)
    case .float64: ck_prelu_slope_f64(x.bound(), w.bound(), d.bound(), y.bound(), outer, channels, inner)
    }
  }

  /// y ← y + v·d where x is not above 0
  public func add(_ x: Read, _ v: Read, _ d: Read, _ y: Write, outer: Int) {
    switch Element.precision {
    case .float32: ck_prelu_add_f32(x.bound(), v.bound(), d.bound(), y.bound(), outer, channels, inner)
    case .float64: ck_prelu_add_f64(x.bound(), v.bound(), d.bound(), y.bound(), outer, channels, inner)
    }
  }

  /// s ← s + Σ d·e over the places of a channel where x is not above 0
  public func sum(_ x: Read, _ d: Read, _ e: Read, _ s: Write, outer: Int) {
    switch Element.precision {
    case .float32: ck_prelu_sum_f32(x.bound(), d.bound(), e.bound(), s.bound(), outer, channels, inner)
    case .float64: ck_prelu_sum_f64(x.bound(), d.bound(), e.bound(), s.bound(), outer, channels, inner)
    }
  }
}
