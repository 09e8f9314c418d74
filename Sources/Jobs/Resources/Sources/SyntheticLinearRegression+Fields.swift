import Datasets
import JSON

extension SyntheticLinearRegression {
  static let format = SourceFormat(
    "synthetic", name: "linear-regression", SyntheticLinearRegression(),
    normalization: NormalizationChoice.none,
    Fields([
      .member("samples", \.samples, .told(ParameterRanges.samples), "Training points."),
      .fifth(
        "heterogeneous", \.heterogeneous, of: \.samples,
        "Points of another linear model, the last ones; at most all."),
      .fifth("test_samples", \.testSamples, of: \.samples, "Test points. None is heterogeneous."),
      .member("dimensions", \.dimensions, .told(ParameterRanges.dimensions), "Features of a point."),
      .member("noise", \.noise, .told(noises), "The standard deviation of the noise."),
      .member("correlation", \.correlation, .told(correlations), "The correlation between two features."),
      .seed(\.seed, "Seeds the model and the points."),
    ]))
}
