import Datasets
import JSON

extension UploadSource {
  /// Earlier versions did not scale bytes.
  public static let format = SourceFormat(
    "upload", UploadSource(), normalization: NormalizationChoice.none, hasOlderSpelling: true,
    older: { $0.reading.scalesBytes = false }, Fields([.part(\.reading, ArrayReading.fields)]))
}
