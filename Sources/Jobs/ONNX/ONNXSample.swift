import Formats
import JSON

/// How the samples of a data set become the inputs of an ONNX model.
struct ONNXSample {
  /// The inputs of the graph; empty for one called `input`.
  var inputs: [(name: String, shape: [Int])] = []
  /// Inputs of the file whose values are given and not read from samples.
  var constants: [(name: String, value: ONNXConstant)] = []
  /// The shape that the file's only input has, and the order of axes that brings samples there.
  var shape: [Int] = []
  var permutation: [Int]?
  var reshapes = false
  var hasBatch = true
  var batch: Int?
  var notes: [String] = []

  private typealias Size = ONNXModel.Value.Size

  /// - Parameter sample: the shape of a sample of the data set.
  init(_ model: ONNXModel, sample: [Int]) throws(ONNXError) {
    guard let first = model.inputs.first else { throw .missing("input that no initializer gives") }
    if let sizes = first.sizes, case .known(let size) = sizes.first { batch = size }
    if model.inputs.count == 1 || ONNXShape.count(sample) != nil && fits(first, model, sample) {
      try readOne(model, first, sample)
    } else {
      try readSeveral(model, sample)
    }
  }

  /// Whether a sample is the first input alone, and the others follow from it.
  private func fits(_ first: ONNXModel.Value, _ model: ONNXModel, _ sample: [Int]) -> Bool {
    guard let sizes = first.sizes, sizes.count == sample.count + 1 else { return false }
    let isFirst = zip(sizes.dropFirst(), sample).allSatisfy { Self.agrees($0, $1) }
    // A size that the file leaves open may also be that of all inputs together: then the others must be known.
    return isFirst && model.inputs.dropFirst().allSatisfy { Self.usual[$0.name] != nil }
      && !sizes.dropFirst().isEmpty
  }

  /// Inputs of language models that may be left out, with the value of a place.
  private static let usual: [String: @Sendable (Int) -> Double] = [
    "attention_mask": { _ in 1 }, "token_type_ids": { _ in 0 }, "position_ids": { Double($0) },
  ]

  private static func agrees(_ size: Size, _ given: Int) -> Bool {
    if case .known(let known) = size { known == given } else { true }
  }

  private static func words(_ sizes: [Size]) -> String {
    sizes.map { size in
      switch size {
      case .known(let size): "\(size)"
      case .symbol(let name): name.isEmpty ? "?" : name
      }
    }.joined(separator: "×")
  }

  private mutating func readOne(
    _ model: ONNXModel, _ first: ONNXModel.Value, _ sample: [Int]
  ) throws(ONNXError) {
    shape = [1] + sample
    for other in model.inputs.dropFirst() {
      guard let number = Self.usual[other.name], let length = sample.last else { continue }
      constants.append(
        (
          other.name,
          ONNXConstant([1] + sample, (0..<sample.reduce(1, *)).map { number($0 % length) }, .whole)
        ))
      notes.append("the input '\(other.name)' is the same for every sample")
    }
    guard let sizes = first.sizes else { return }
    let own = Array(sizes.dropFirst())
    func agree(_ sample: [Int]) -> Bool {
      own.count == sample.count && zip(own, sample).allSatisfy { Self.agrees($0, $1) }
    }
    if sizes.count == sample.count + 1, agree(sample) { return }
    if sample.count == 3, agree([sample[1], sample[2], sample[0]]) {
      permutation = [0, 2, 3, 1]
      shape = [1, sample[1], sample[2], sample[0]]
      notes.append("pictures are read with their channels last, as the file has them")
      return
    }
    let count = sample.reduce(1, *)
    if own.count == 1, Self.agrees(own[0], count) {
      (shape, reshapes) = ([1, count], true)
      return
    }
    var known = 1
    for case .known(let size) in own {
      let (product, overflow) = known.multipliedReportingOverflow(by: size)
      known = overflow ? .max : product
    }
    let open = own.indices.filter { if case .symbol = own[$0] { true } else { false } }
    if open.count <= 1, known > 0, open.isEmpty ? known == count : count % known == 0 {
      shape = [1] + own.map { if case .known(let size) = $0 { size } else { count / known } }
      reshapes = true
      notes.append(
        "a sample of \(sample.map(String.init).joined(separator: "×")) is read as \(Self.words(own))")
      return
    }
    if sizes.count == sample.count, zip(sizes, sample).allSatisfy({ Self.agrees($0, $1) }) {
      (shape, hasBatch, batch) = (sample, false, nil)
      return
    }
    throw .wrongValue(
      offset: 0, what: "the input '\(first.name)', which takes samples of \(Self.words(own)),",
      expected: "of the data set's samples, \(sample.map(String.init).joined(separator: "×"))",
      found: "another shape")
  }

  /// A sample is a vector of all inputs, one after the other. One size may be open in all of them.
  private mutating func readSeveral(_ model: ONNXModel, _ sample: [Int]) throws(ONNXError) {
    func shapes(_ open: Int) -> [(name: String, shape: [Int])]? {
      var result: [(String, [Int])] = []
      for input in model.inputs {
        guard let sizes = input.sizes, !sizes.isEmpty else { return nil }
        let own = sizes.dropFirst().map { if case .known(let size) = $0 { size } else { open } }
        result.append((input.name, own.isEmpty ? [1] : own))
      }
      return result
    }
    func count(_ open: Int) -> Int? {
      guard let shapes = shapes(open) else { return nil }
      var sum = 0
      for (_, shape) in shapes {
        guard let count = ONNXShape.count(shape) else { return .max }
        sum += count
      }
      return sum
    }
    let wanted = sample.reduce(1, *)
    var (low, high) = (1, max(1, wanted))
    while low < high {
      let middle = (low + high) / 2
      if let count = count(middle), count < wanted { low = middle + 1 } else { high = middle }
    }
    guard sample.count == 1, let found = shapes(low), count(low) == wanted else {
      let names = model.inputs.map { "'\($0.name)' of \(Self.words(Array(($0.sizes ?? []).dropFirst())))" }
      throw .wrongValue(
        offset: 0, what: "a sample of \(sample.map(String.init).joined(separator: "×"))",
        expected: "a vector of all inputs, one after the other: \(names.joined(separator: ", "))",
        found: "\(wanted) values")
    }
    inputs = found
  }
}
