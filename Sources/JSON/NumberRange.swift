/// The numbers a field accepts, and the words for them.
public struct NumberRange: Hashable, Sendable {
  public enum Bound: Hashable, Sendable {
    case none
    case including(Double)
    case excluding(Double)
  }

  public var lower: Bound
  public var upper: Bound

  public init(from lower: Bound = .none, to upper: Bound = .none) {
    self.lower = lower
    self.upper = upper
  }

  public static let any = NumberRange()
  public static let positive = NumberRange(from: .excluding(0))
  public static let notNegative = NumberRange(from: .including(0))
  /// 0…1.
  public static let share = NumberRange(from: .including(0), to: .including(1))
  /// Above 0, at most 1.
  public static let positiveShare = NumberRange(from: .excluding(0), to: .including(1))
  /// At least 0, below 1.
  public static let properShare = NumberRange(from: .including(0), to: .excluding(1))

  public func contains(_ value: Double) -> Bool {
    let isAbove =
      switch lower {
      case .none: true
      case .including(let bound): value >= bound
      case .excluding(let bound): value > bound
      }
    let isBelow =
      switch upper {
      case .none: true
      case .including(let bound): value <= bound
      case .excluding(let bound): value < bound
      }
    return isAbove && isBelow && value.isFinite
  }

  /// Such as "greater than 0 and at most 1".
  public var words: String {
    var parts: [String] = []
    switch lower {
    case .none: break
    case .including(let bound): parts.append("at least \(Self.plain(bound))")
    case .excluding(let bound): parts.append("greater than \(Self.plain(bound))")
    }
    switch upper {
    case .none: break
    case .including(let bound): parts.append("at most \(Self.plain(bound))")
    case .excluding(let bound): parts.append("less than \(Self.plain(bound))")
    }
    return parts.isEmpty ? "a finite number" : parts.joined(separator: " and ")
  }

  /// Whole numbers without ".0".
  static func plain(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? value.description
  }
}
