import Datasets
import JSON

extension Relabel {
  static let form = Form<Relabel>.object(
    Fields([
      .required(
        "fraction", \.fraction, .number(fractions), "The share of the training samples that are flipped."),
      .seed(\.seed, "Seeds the choice of samples and of their labels."),
    ]), standard: Relabel(fraction: 0.1))
}
