import Datasets
import JSON

extension IDXSource {
  static let format = SourceFormat(
    "idx", IDXSource(path: ""), normalization: .standardize,
    Fields([
      .path(\.path, "A folder of the data directory."),
      .optional("train_inputs", \.trainInputs, .text(), standard: published, "A file of that folder."),
      .optional("train_labels", \.trainLabels, .text(), standard: published, "A file of that folder."),
      .optional("test_inputs", \.testInputs, .text(), standard: published, "A file of that folder."),
      .optional("test_labels", \.testLabels, .text(), standard: published, "A file of that folder."),
      .optional(
        "classes", \.classes, .integer(classCounts), standard: "the largest label plus one",
        "The number of classes."),
      .optional("class_names", \.classNames, .classNames, "Names in the order of the labels."),
    ]))

  private static let published = "MNIST's name"
}
