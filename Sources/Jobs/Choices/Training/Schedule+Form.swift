import JSON
import Network

extension TrainingOptions.Schedule {
  /// A name, or an object with a `name` and the schedule's options.
  public static let form = Form<TrainingOptions.Schedule>.named(
    [
      Alternative(Name.constant.rawValue, .constant),
      Alternative(
        Name.cosine.rawValue, .cosine(warmup: 0),
        Fields([
          .integer("warmup", \.warmup, 0...1_000_000, "Epochs before, in which the rate rises evenly from 0.")
        ])),
      Alternative(
        Name.step.rawValue, .step(every: 30, gamma: 0.1),
        Fields([
          .integer("every", \.every, 1...1_000_000, "Epochs between two steps."),
          .number("factor", \.factor, .positiveShare, "The factor of each step."),
        ])),
    ], name: \.name.rawValue,
    isBrief: { schedule in
      switch schedule {
      case .constant, .cosine(warmup: 0): true
      default: false
      }
    })

  private var warmup: Int {
    get { if case .cosine(let warmup) = self { warmup } else { 0 } }
    set { if case .cosine = self { self = .cosine(warmup: newValue) } }
  }

  private var every: Int {
    get { if case .step(let every, _) = self { every } else { 30 } }
    set { if case .step(_, let gamma) = self { self = .step(every: newValue, gamma: gamma) } }
  }

  private var factor: Double {
    get { if case .step(_, let factor) = self { factor } else { 0.1 } }
    set { if case .step(let every, _) = self { self = .step(every: every, gamma: newValue) } }
  }
}
