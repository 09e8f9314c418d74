import Datasets
import JSON

extension Poison {
  fileprivate enum TriggerName: String, CaseIterable { case checkerboard, patch }

  static let form = Form<Poison>.object(fields, standard: Poison(label: 0))

  private static let fields = Fields<Poison>([
    .tagged(
      "trigger", noun: "trigger", \.triggerName,
      alternatives: [
        (
          .checkerboard,
          Fields([
            .number(
              "amount", \.amount, Trigger.amounts,
              "Share of the value range that is added to every second pixel.")
          ])
        ),
        (
          .patch,
          Fields([
            .integer("size", \.size, Trigger.sizes, "Pixels of a side of the square, lower right.")
          ])
        ),
      ], standard: Poison(label: 0), "The mark of a poisoned picture."),
    .number("fraction", \.fraction, fractions, "The share of the training pictures that are poisoned."),
    .required("label", \.label, .index, "The class that poisoned pictures are given."),
    .choice(
      "placement", \.placement,
      "`replace` poisons pictures in place; `append` adds poisoned copies behind the split."),
    .seed(\.seed, "Seeds the choice of pictures."),
  ])

  /// Setting it gives the trigger's options their defaults.
  private var triggerName: TriggerName {
    get { if case .checkerboard = trigger { .checkerboard } else { .patch } }
    set { trigger = newValue == .checkerboard ? .publishedCheckerboard : .patch(size: 3) }
  }

  private var amount: Double {
    get { if case .checkerboard(let amount) = trigger { amount } else { 0 } }
    set { trigger = .checkerboard(amount: newValue) }
  }

  private var size: Int {
    get { if case .patch(let size) = trigger { size } else { 0 } }
    set { trigger = .patch(size: newValue) }
  }
}
