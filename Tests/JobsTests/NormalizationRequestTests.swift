import Datasets
import JSON
import Jobs
import Testing

/// How sources say their normalization, in this version and in earlier ones.
@Suite("Normalization in requests")
struct NormalizationRequestTests {
  private func source(_ text: String) throws -> DatasetSource {
    try CreateDatasetRequest(JSONParser.parse(#"{"name": "x", "source": \#(text)}"#)).source
  }

  /// Every format accepts every spelling, has a default, and reads back its own output.
  @Test(arguments: [
    (#""format": "builtin", "name": "iris""#, NormalizationChoice?.some(.standardize)),
    (#""format": "idx", "path": "m""#, .standardize), (#""format": "cifar10", "path": "c""#, .standardize),
    (#""format": "csv", "path": "f.csv""#, NormalizationChoice.none),
    (#""format": "npy", "path": "n""#, NormalizationChoice.none),
    (#""format": "upload""#, NormalizationChoice.none),
    (#""format": "synthetic", "name": "blobs""#, NormalizationChoice.none),
    (#""format": "derived", "of": "b", "take": {"train": 3}"#, nil),
  ])
  func everyFormatCanSayIt(_ members: String, _ standard: NormalizationChoice?) throws {
    let plain = try source("{\(members)}")
    #expect(plain.normalization == standard)
    #expect(plain.json["normalization"] == standard?.json)
    for (text, right) in [
      (#""none""#, NormalizationChoice.none), (#""standardize""#, .standardize),
      (#"{"mean": 0.5, "standard_deviation": [0.25]}"#, .given(mean: [0.5], standardDeviation: [0.25])),
      (
        #"{"mean": [0.1, 0.2], "standard_deviation": [1, 2]}"#,
        .given(mean: [0.1, 0.2], standardDeviation: [1, 2])
      ),
    ] {
      let given = try source("{\(members), \"normalization\": \(text)}")
      #expect(given.normalization == right)
      #expect(try DatasetSource(json: given.json) == given)
    }
    #expect(try DatasetSource(json: plain.json) == plain)
  }

  @Test(arguments: [
    (#""format": "csv", "path": "f.csv""#), (#""format": "npy", "path": "n""#), (#""format": "upload""#),
  ])
  func theOlderSpellingIsTaken(_ members: String) throws {
    #expect(try source("{\(members), \"standardize\": true}").normalization == .standardize)
    #expect(
      try source("{\(members), \"standardize\": false}").normalization == NormalizationChoice.none)
    #expect(
      try source("{\(members), \"standardize\": true, \"normalization\": \"standardize\"}").normalization
        == .standardize)
    #expect(throws: RequestRejection.self) {
      try source("{\(members), \"standardize\": true, \"normalization\": \"none\"}")
    }
  }

  /// Sources that an earlier version stored keep their meaning: bytes of arrays stay unscaled.
  @Test func storedSourcesOfEarlierVersions() throws {
    func stored(_ text: String) throws -> DatasetSource { try DatasetSource(json: JSONParser.parse(text)) }
    let upload = try stored(#"{"format": "upload", "classes": 3}"#)
    #expect(
      upload == DatasetSource(UploadSource(reading: ArrayReading(classes: 3, scalesBytes: false))))
    #expect(upload.json["normalization"] == nil)
    #expect(try DatasetSource(json: upload.json) == upload)
    let arrays = try stored(
      #"{"format": "npy", "path": "n", "train_inputs": "a.npy", "train_labels": "b.npy", "standardize": true}"#
    )
    #expect(arrays.normalization == .standardize)
    #expect(try !#require(arrays.recipe as? NPYSource).reading.scalesBytes)
    let table = try stored(#"{"format": "csv", "path": "f.csv", "kind": "automatic"}"#)
    #expect(try #require(table.recipe as? CSVSource).wholeNumbersAreClasses)
    #expect(
      try stored(#"{"format": "idx", "path": "m", "classes": null}"#) == DatasetSource(IDXSource(path: "m")))
    #expect(
      try stored(#"{"format": "builtin", "name": "digits", "test": "none"}"#)
        == DatasetSource(BuiltInSource(.digits, test: .none)))
  }

  @Test(arguments: [
    (#""standardise""#, "did you mean"), ("3", "must be \"none\", \"standardize\" or an object"),
    (#"{"mean": 0.5}"#, "/standard_deviation is required"),
    (#"{"mean": 0.5, "standard_deviation": 0}"#, "greater than 0"),
    (#"{"mean": [], "standard_deviation": 1}"#, "one for each channel"),
    (#"{"mean": "a", "standard_deviation": 1}"#, "/mean must be a number"),
    (#"{"mean": 1, "standard_deviation": 1, "std": 1}"#, "/std is not known here"),
  ])
  func wrongOnesAreRefused(_ text: String, _ words: String) throws {
    let refusal = #expect(throws: RequestRejection.self) {
      try source(#"{"format": "idx", "path": "m", "normalization": \#(text)}"#)
    }
    #expect(refusal?.description.contains(words) == true, "\(refusal.map(String.init(describing:)) ?? "")")
  }

  @Test func aContractIsReadAsItIsWritten() throws {
    for set in [
      try Dataset.builtIn(.iris), try Dataset.builtIn(.digits),
      try Dataset.synthetic(SyntheticLinearRegression(samples: 20), name: "l"),
    ] {
      let text = JSONWriter.text(.object(set.contract.json))
      #expect(DataContract(json: try JSONParser.parse(text)) == set.contract)
    }
    // Of too many features the numbers are the set's.
    var wide = try Dataset.synthetic(SyntheticBlobs(samples: 4, dimensions: 10_001), name: "w").contract
    let read = DataContract(json: .object(wide.json))
    wide.normalization = nil
    #expect(read == wide && read?.isComplete == false)
    for text in ["{}", #"{"shape": [], "targets": "classes"}"#, #"{"shape": [2], "targets": "values"}"#] {
      #expect(DataContract(json: try JSONParser.parse(text)) == nil)
    }
  }
}
