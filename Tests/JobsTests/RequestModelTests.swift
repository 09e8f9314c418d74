import JSON
import Jobs
import Testing

@Suite struct CreateModelTests {
  private func faults(_ text: String) throws -> [String] {
    do {
      var request = try CreateModelRequest(JSONParser.parse(text))
      try request.resolve(FixedCatalog())
      return []
    } catch let rejection as RequestRejection {
      return rejection.faults.map(\.description)
    }
  }

  @Test(arguments: [
    #"{"name": "a", "dataset": "digits", "architecture": "mlp"}"#,
    #"{"name": "a", "dataset": "digits", "architecture": {"name": "mlp", "hidden": [4], "activation": "tanh"}, "precision": "float64", "training": {"exclude": {"class": 8}}}"#,
    #"{"name": "a", "dataset": "digits", "architecture": {"name": "resnet18", "stem": "small"}, "loss": {"name": "hinge", "temperature": 0.1}}"#,
    #"""
    {"name": "a", "dataset": "digits", "architecture": {"layers": [
      {"type": "conv2d", "out_channels": 4, "kernel_size": [3, 3], "padding": 1}, {"type": "batch_norm2d"}, {"type": "relu"},
      {"type": "residual", "layers": [{"type": "conv2d", "out_channels": 8, "kernel_size": 3, "padding": 1}],
       "shortcut": [{"type": "conv2d", "out_channels": 8, "kernel_size": 1, "bias": false}]},
      {"type": "max_pool2d", "kernel_size": 2}, {"type": "avg_pool2d", "kernel_size": 2, "stride": 1},
      {"type": "adaptive_avg_pool2d", "output_size": 1}, {"type": "tanh"}, {"type": "flatten"},
      {"type": "dropout", "p": 0.1}, {"type": "linear", "out_features": 10, "in_features": 8}]}}
    """#,
    #"{"name": "a", "dataset": "points", "architecture": "linear", "loss": "mse", "weight_decay": 0.1}"#,
    #"{"name": "a", "dataset": "digits", "architecture": {"name": "logistic", "outputs": 10}, "training": {"optimizer": "lbfgs"}}"#,
  ])
  func aFilledInBodyPostedAgainIsTheSame(_ text: String) throws {
    var first = try CreateModelRequest(JSONParser.parse(text))
    try first.resolve(FixedCatalog())
    var second = try CreateModelRequest(JSONParser.parse(JSONWriter.text(first.json)))
    try second.resolve(FixedCatalog())
    #expect(JSONWriter.text(second.json) == JSONWriter.text(first.json))
    #expect(second.network == first.network)
    #expect(first.network != nil)
  }

  @Test(arguments: [
    (#"{}"#, ["/name is required", "/dataset is required", "/architecture is required"]),
    (#"{"name": "digits-mlp", "dataset": "digits", "architecture": "mpl"}"#, [#"did you mean "mlp"?"#]),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"name": "mlp", "hiden": [4]}}"#,
      [#"/architecture/hiden is not known here, did you mean "hidden"?"#]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"layers": []}}"#,
      ["/architecture/layers must have at least one layer"]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"layers": [{"type": "flatten"}, {"type": "linear", "out_features": 10, "in_features": 3}]}}"#,
      ["/architecture/layers/1/in_features must be 64"]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"layers": [{"type": "flatten"}, {"type": "linear", "out_features": 9}]}}"#,
      ["/architecture/layers the network gives 9"]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"layers": [{"type": "lineer"}, {"type": "dropout", "p": 1}, {"out_channels": 3}]}}"#,
      [
        #"/architecture/layers/0/type must be"#, "/architecture/layers/1/p must be",
        "/architecture/layers/2/type is required",
      ]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"nodes": [{"name": "one", "op": "sort", "inputs": ["input"]}, {"name": "two", "op": "relo", "inputs": ["one"]}], "outputs": ["two"]}}"#,
      [
        #"/architecture/nodes/0/op must be an operation of this service, got "sort" in the node "one""#,
        #"/architecture/nodes/1/op must be an operation of this service, got "relo" in the node "two", did you mean "relu"?"#,
      ]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"layers": [{"type": "flatten"}, {"type": "linear", "out_features": 3, "name": "0"}]}}"#,
      [#"/architecture/layers/1/name must be a name of its own, but "0" is taken"#]
    ),
    (#"{"name": "a", "dataset": "points", "architecture": "linear"}"#, [#"/loss must be "mse""#]),
    (
      #"{"name": "a", "dataset": "points", "architecture": "lenet", "loss": "mse", "training": {"augment": ["flip"]}}"#,
      ["/training/augment needs pictures", "/architecture does not fit samples"]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": {"name": "logistic", "outputs": 1}}"#,
      ["/architecture/outputs must be 10"]
    ),
    (
      #"{"name": "a", "dataset": "digits", "architecture": "resnet18", "training": {"optimizer": "lbfgs"}}"#,
      ["/training/optimizer must be"]
    ),
    (#"{"name": "a", "dataset": "half", "architecture": "linear"}"#, ["/dataset names the data set"]),
    (
      #"{"name": "a", "dataset": "digits", "architecture": "mlp", "loss": {"name": "hinge", "temperature": -1}, "precision": "float16"}"#,
      ["/loss/temperature must be greater than 0", #"/precision must be "float32" or "float64""#]
    ),
  ])
  func everyFaultIsTold(_ text: String, _ expected: [String]) throws {
    let found = try faults(text)
    for part in expected { #expect(found.contains { $0.contains(part) }, "\(part) in \(found)") }
    #expect(found.count == expected.count, "\(found)")
  }

  @Test func aTakenNameIsAConflict() throws {
    #expect(throws: NameTaken(.model, "digits-mlp")) {
      try faults(#"{"name": "digits-mlp", "dataset": "digits", "architecture": "mlp"}"#)
    }
  }
}

@Suite struct CreateDatasetTests {
  @Test(arguments: [
    #"{"format": "builtin", "name": "digits"}"#, #"{"format": "idx", "path": "mnist"}"#,
    #"{"format": "cifar10", "path": "cifar-10"}"#,
    #"{"format": "csv", "path": "a.csv", "target": "y", "ignore": ["z", 3], "test_fraction": 0.25, "seed": 4}"#,
    #"{"format": "csv", "path": "a.csv", "target": [-1, -2], "test_path": "b.csv", "header": false, "delimiter": ";"}"#,
    #"{"format": "csv", "path": "a.csv", "test_fraction": 0, "shape": [1, 2, 2]}"#,
    #"{"format": "npy", "path": "folder", "classes": 5}"#,
    #"{"format": "synthetic", "name": "blobs", "samples": 60}"#,
    #"{"format": "synthetic", "name": "blobs", "shape": [3, 8, 8]}"#,
    #"{"format": "synthetic", "name": "linear-regression", "seed": 3}"#,
    #"{"format": "derived", "of": "mnist", "poison": {"label": 4}, "take": {"train": 1000}, "classes": [3, 4]}"#,
    #"{"format": "derived", "of": "mnist", "poison": {"trigger": "patch", "size": 4, "label": 1}, "relabel": {"fraction": 0.1}}"#,
  ])
  func aFilledInBodyPostedAgainIsTheSame(_ source: String) throws {
    let first = try CreateDatasetRequest(["name": "set", "source": JSONParser.parse(source)])
    let second = try CreateDatasetRequest(JSONParser.parse(JSONWriter.text(first.json)))
    #expect(second == first)
  }

  @Test(arguments: [
    (#"{}"#, ["/source/format is required"]),
    (#"{"format": "parquet"}"#, ["/source/format must be"]),
    (#"{"format": "builtin", "name": "irises"}"#, [#"did you mean "iris"?"#]),
    (#"{"format": "idx"}"#, ["/source/path is required"]),
    (
      #"{"format": "csv", "delimiter": "::", "target": true, "test_fraction": 2}"#,
      ["/source/path is required", "/source/delimiter", "/source/target", "/source/test_fraction"]
    ),
    (
      #"{"format": "synthetic", "name": "blobs", "samples": 0, "spread": -1, "dimension": 2}"#,
      ["/source/samples must be", "/source/spread must be", "/source/dimension is not known"]
    ),
    (#"{"format": "derived", "of": "mnist"}"#, ["/source must have at least one"]),
    (
      #"{"format": "derived", "of": "mnist", "poison": {"trigger": "patch", "amount": 0.1, "fraction": 1}}"#,
      [
        "/source/poison/amount belongs", "/source/poison/fraction must be",
        "/source/poison/label is required",
      ]
    ),
  ])
  func everyFaultIsTold(_ source: String, _ expected: [String]) throws {
    let body: JSONValue = ["name": "set", "source": try JSONParser.parse(source)]
    let error = #expect(throws: RequestRejection.self) { try CreateDatasetRequest(body) }
    let found = error?.faults.map(\.description) ?? []
    for part in expected { #expect(found.contains { $0.contains(part) }, "\(part) in \(found)") }
  }
}
