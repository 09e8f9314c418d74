import Datasets
import JSON

extension Take {
  private static let trainCounts = Form<Int>.integer(1...Int.max)
  private static let testCounts = Form<Int>.integer(0...Int.max)

  static let form = Form<Take>.object(
    Fields([
      .optional("train", \.train, trainCounts, standard: "all", "Training samples."),
      .optional("test", \.test, testCounts, standard: "all", "Test samples."),
      .seed(\.seed, "Seeds the draw."),
      .rule([
        Schema.variant(["train": trainCounts.schema]), Schema.variant(["test": testCounts.schema]),
      ]) { reader, _ in
        if !reader.has("train"), !reader.has("test") {
          reader.fault("must have one of \"train\" or \"test\"")
        }
      },
    ]), standard: Take())
}
