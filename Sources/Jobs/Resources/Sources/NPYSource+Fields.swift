import Datasets
import JSON

extension NPYSource {
  /// Earlier versions did not scale bytes.
  static let format = SourceFormat(
    "npy", NPYSource(path: ""), normalization: NormalizationChoice.none, hasOlderSpelling: true,
    older: { $0.reading.scalesBytes = false },
    Fields([
      .path(\.path, "A folder of the data directory."),
      .member("train_inputs", \.trainInputs, .text(), "A file of that folder."),
      .member("train_labels", \.trainLabels, .text(), "A file of that folder."),
      .optional(
        "test_inputs", \.testInputs, .text(), standard: "`test_inputs.npy` if it is there",
        "A file of that folder."),
      .optional(
        "test_labels", \.testLabels, .text(), standard: "`test_labels.npy` if it is there",
        "A file of that folder."),
      .part(\.reading, ArrayReading.fields),
    ]))
}
