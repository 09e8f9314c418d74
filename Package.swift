// swift-tools-version: 6.0
import PackageDescription

// Engine targets are inlined into each other: a generic product called across a module border without it
// runs an order of magnitude slower (see `influence-bench`). `Jobs` is no engine target: it calls what the
// engine declares `@specialized`.
let engine: [SwiftSetting] = [
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))
]

let package = Package(
  name: "influenced",
  products: [
    .executable(name: "influenced", targets: ["influenced"]),
    .executable(name: "influence-bench", targets: ["influence-bench"]),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "Tensor", dependencies: ["COpenBLAS", "CKernels"], swiftSettings: engine),
    .target(name: "Network", dependencies: ["JSON", "Tensor"], swiftSettings: engine),
    .target(name: "Influence", dependencies: ["Tensor", "Network"], swiftSettings: engine),
    .target(name: "JSON"),
    .target(name: "Formats", dependencies: ["JSON"]),
    .target(name: "CResources", exclude: ["ORIGINS.md", "digits.csv", "guide", "iris.csv"]),
    .target(name: "Datasets", dependencies: ["CResources", "Tensor", "Formats", "JSON"]),
    .target(name: "Storage", dependencies: ["CSQLite", "Formats", "JSON"]),
    .systemLibrary(name: "CEpoll"),
    .target(name: "HTTP", dependencies: ["CEpoll"]),
    .target(
      name: "Jobs", dependencies: ["JSON", "Tensor", "Network", "Influence", "Datasets", "Formats"]),
    .target(
      name: "Service",
      dependencies: [
        "CResources", "JSON", "Tensor", "Network", "Influence", "Formats", "Datasets", "Jobs", "Storage",
        "HTTP",
      ]),
    .executableTarget(name: "influenced", dependencies: ["Service"]),
    .executableTarget(name: "influence-bench", dependencies: ["Influence", "JSON"], swiftSettings: engine),

    // Runs the network of an ONNX file. `scripts/check-onnx` compares it with onnxruntime.
    .executableTarget(
      name: "onnx-network", dependencies: ["JSON", "Tensor", "Network", "Formats", "Jobs"],
      path: "Tests/ONNXNetwork"),
    .target(name: "TestSupport", dependencies: ["Tensor", "Network"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorTests", dependencies: ["Tensor", "TestSupport"]),
    .testTarget(name: "NetworkTests", dependencies: ["JSON", "Network", "TestSupport"]),
    .testTarget(name: "InfluenceTests", dependencies: ["Influence", "TestSupport"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
    .testTarget(name: "FormatsTests", dependencies: ["Formats", "TestSupport"]),
    .testTarget(name: "DatasetsTests", dependencies: ["JSON", "Datasets", "Formats", "TestSupport"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport"]),
    .testTarget(name: "JobsTests", dependencies: ["JSON", "Jobs", "Formats", "TestSupport"]),
    .testTarget(name: "ServiceTests", dependencies: ["JSON", "Service", "Formats", "TestSupport"]),
    // Checks that must pass for any bytes. `scripts/fuzz` compiles the same checks with libFuzzer.
    .testTarget(
      name: "FuzzingTests",
      dependencies: [
        "JSON", "HTTP", "Formats", "Datasets", "Jobs", "Network", "Tensor",
      ],
      path: "Tests/Fuzzing",
      exclude: ["Corpus", "Entry"]),
  ],
  swiftLanguageModes: [.v6]
)
