import Datasets
import JSON

extension ArrayReading {
  static let fields = Fields<ArrayReading>([
    .optional(
      "classes", \.classes, .integer(ParameterRanges.classes), standard: "the largest label plus one",
      "The number of classes."),
    .optional("class_names", \.classNames, .classNames, "Names in the order of the labels."),
    .choice(
      "kind", \.kind, "The targets. `automatic`: integers are classes, floating-point numbers are values."),
  ])
}
