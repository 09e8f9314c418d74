import Datasets
import JSON

extension ArrayReading {
  static let fields = Fields<ArrayReading>([
    .optional(
      "classes", \.classes, .integer(ParameterRanges.classes), standard: "the largest label plus one",
      "The number of classes."),
    .optional("class_names", \.classNames, .classNames, "Names in the order of the labels."),
    .choice(
      "kind", \.kind,
      "The targets. `automatic`: integers (n) are classes, integers (n, positions) are a class a position, "
        + "floating-point numbers are values."),
    .member(
      "ignore_index", \.ignoreIndex, .integer(-(1 << 31)...(1 << 31 - 1)),
      "The label of a position that counts for nothing."
    ).written { $0.ignoreIndex != ArrayReading.usualIgnoreIndex },
  ])
}
