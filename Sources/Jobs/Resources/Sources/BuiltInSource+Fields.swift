import Datasets
import JSON

extension BuiltInSource {
  static let format = SourceFormat(
    "builtin", BuiltInSource(.iris), normalization: .standardize,
    Fields([
      .required("name", \.set, .choice, "The set."),
      .choice("test", \.test, "The test split: every fifth sample of each class, or none."),
    ]))
}
