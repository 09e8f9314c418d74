import JSON

/// The learning rate over the training, as a factor on it.
public enum ScheduleChoice: Hashable, Sendable {
  case constant
  /// Half a cosine, from 1 down to 0, after `warmup` epochs that rise evenly from 0.
  case cosine(warmup: Int)
  /// Times `factor` after every `every` epochs.
  case step(every: Int, factor: Double)

  /// A name, or an object with a `name` and the schedule's options.
  public static let form = Form<ScheduleChoice>.named(
    [
      Alternative("constant", .constant),
      Alternative(
        "cosine", .cosine(warmup: 0),
        Fields([
          .integer("warmup", \.warmup, 0...1_000_000, "Epochs before, in which the rate rises evenly from 0.")
        ])),
      Alternative(
        "step", .step(every: 30, factor: 0.1),
        Fields([
          .integer("every", \.every, 1...1_000_000, "Epochs between two steps."),
          .number("factor", \.factor, .positiveShare, "The factor of each step."),
        ])),
    ], name: \.name,
    isBrief: { schedule in
      switch schedule {
      case .constant, .cosine(warmup: 0): true
      default: false
      }
    })

  private var name: String {
    switch self {
    case .constant: "constant"
    case .cosine: "cosine"
    case .step: "step"
    }
  }

  private var warmup: Int {
    get { if case .cosine(let warmup) = self { warmup } else { 0 } }
    set { if case .cosine = self { self = .cosine(warmup: newValue) } }
  }

  private var every: Int {
    get { if case .step(let every, _) = self { every } else { 30 } }
    set { if case .step(_, let factor) = self { self = .step(every: newValue, factor: factor) } }
  }

  private var factor: Double {
    get { if case .step(_, let factor) = self { factor } else { 0.1 } }
    set { if case .step(let every, _) = self { self = .step(every: every, factor: newValue) } }
  }
}
