import Tensor

/// The measurement that one run of the benchmark makes.
struct BenchmarkOptions {
  enum Case: String, CaseIterable {
    case gemm, conv, forward, train, gradient, hvp, ggn, gif, fif, scores
  }

  var benchmark: Case
  var model = "cnn"
  /// A file with a graph of nodes, in place of a model.
  var graph: String?
  /// Inputs are whole numbers below it, in place of normal ones.
  var vocabulary: Int?
  var batch: Int?
  var threads = 2
  var repeats = 5
  var ratio = 0.1
  var tests = 50
  /// nil follows the model.
  var input: Shape?
  /// Output channels of `conv`.
  var channels = 128
  var precision: Precision?

  static let usage = """
    usage: influence-bench CASE --model NAME | --network FILE
                           [--batch N] [--threads N] [--repeat N] [--ratio MR] [--tests N]
                           [--input CxHxW|N] [--vocabulary N] [--channels N] [--precision float32|float64]
    cases: \(Case.allCases.map(\.rawValue).joined(separator: ", "))
      conv    one 3×3 convolution (padding 1, no bias) of --input, 128x16x16 at first, to --channels, 128 at first:
              forward, input gradient and weight gradient; it has no model
    models: those of the service, and iris (4-5-3, ReLU, float64) and iris-tanh
    network: a file with {"nodes": [...], "outputs": [name]}, for inputs of the shape --input; with --vocabulary the
      inputs are token ids below N
    gflops counts multiplications and additions of convolutions and linear layers as done directly: once for forward,
    3 times for train, gradient and conv, 6 for hvp and fif, 4 for ggn, 12 for gif; null for scores.
    """

  /// - Throws: `BenchmarkFault` with the reason.
  init(_ arguments: [String]) throws {
    guard let first = arguments.first, let benchmark = Case(rawValue: first) else {
      throw BenchmarkFault("name a case\n\(Self.usage)")
    }
    self.benchmark = benchmark
    var rest = arguments.dropFirst()
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else {
        throw BenchmarkFault("\(option) needs a value\n\(Self.usage)")
      }
      func number() throws -> Int {
        guard let number = Int(value), number > 0 else {
          throw BenchmarkFault("\(option) must be a positive integer, got \(value)")
        }
        return number
      }
      switch option {
      case "--model": model = value
      case "--network": graph = value
      case "--vocabulary": vocabulary = try number()
      case "--batch": batch = try number()
      case "--threads": threads = try number()
      case "--repeat": repeats = try number()
      case "--tests": tests = try number()
      case "--channels": channels = try number()
      case "--input":
        let sizes = value.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard [1, 3].contains(sizes.count), sizes.allSatisfy({ (1...1 << 16).contains($0) }) else {
          throw BenchmarkFault(
            "--input must be channels, height and width such as 3x224x224, or a number of features, got \(value)"
          )
        }
        input =
          sizes.count == 1
          ? Shape(features: sizes[0]) : Shape(height: sizes[1], width: sizes[2], channels: sizes[0])
      case "--precision":
        guard let chosen = Precision(rawValue: value) else {
          throw BenchmarkFault("--precision must be float32 or float64, got \(value)")
        }
        precision = chosen
      case "--ratio":
        guard let share = Double(value), share > 0, share <= 1 else {
          throw BenchmarkFault("--ratio must be greater than 0 and at most 1, got \(value)")
        }
        ratio = share
      default: throw BenchmarkFault("there is no option \(option)\n\(Self.usage)")
      }
    }
  }
}

/// A reason to stop, in words.
struct BenchmarkFault: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
