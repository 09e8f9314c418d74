import Datasets
import JSON
import Tensor

extension SyntheticBlobs {
  static let format = SourceFormat(
    "synthetic", name: "blobs", SyntheticBlobs(), normalization: NormalizationChoice.none,
    Fields([
      .member("samples", \.samples, .told(ParameterRanges.samples), "Training samples."),
      .fifth("test_samples", \.testSamples, of: \.samples, "Test samples."),
      .member(
        "classes", \.classes, .told(ParameterRanges.classes), "Clusters, at most as many as samples."),
      size, .member("spread", \.spread, .told(spreads), "The standard deviation of a cluster."),
      .seed(\.seed, "Seeds centres and samples."),
    ]))

  /// `dimensions` of vectors, or the `shape` of pictures.
  private static let size: Field<SyntheticBlobs> = {
    let dimensions = Form<Int>.told(ParameterRanges.dimensions)
    return Field(
      conditions: [Schema.variant(absent: ["shape"]), Schema.variant(absent: ["dimensions"])],
      members: { standard in
        [
          FieldMember(
            "dimensions", schema: dimensions.schema, words: dimensions.words,
            standard: dimensions.write(standard.dimensions), "Features of a vector."),
          FieldMember(
            "shape", schema: Form.picture.schema, words: Form.picture.words, standardWords: "vectors",
            "Pictures of that shape instead of vectors."),
        ]
      },
      read: { reader, blobs in
        _ = reader.onlyOne(of: ["dimensions", "shape"], required: false)
        func value<Value>(_ name: String, _ form: Form<Value>) -> Value? {
          reader.value(name).flatMap { form.read($0, reader.pointer.appending(name), reader.faults) }
        }
        if let given = value("dimensions", dimensions) { blobs.dimensions = given }
        if let shape = value("shape", .picture), !reader.has("dimensions") { blobs.setPictures(shape) }
      },
      write: { blobs, object in
        if let shape = blobs.pictureShape {
          object["shape"] = Form.picture.write(shape)
        } else {
          object["dimensions"] = dimensions.write(blobs.dimensions)
        }
      })
  }()
}
