/// What one run of the benchmark measures.
struct BenchmarkOptions {
  enum Case: String, CaseIterable {
    case gemm, forward, train, gradient, hvp, ggn, gif, fif, scores
  }

  var benchmark: Case
  var model = "cnn"
  var batch = 256
  var threads = 2
  var repeats = 5
  var ratio = 0.1
  var tests = 50

  static let usage = """
    usage: influence-bench CASE --model NAME [--batch N] [--threads N] [--repeat N] [--ratio MR] [--tests N]
    cases: \(Case.allCases.map(\.rawValue).joined(separator: ", "))
    """

  /// - Throws: `BenchmarkFault` that says what is wrong.
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
      case "--batch": batch = try number()
      case "--threads": threads = try number()
      case "--repeat": repeats = try number()
      case "--tests": tests = try number()
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
