import Tensor

/// Every output value is one input value, or 0: permutations, slices, paddings, repetitions.
///
/// Neighbours that stay neighbours are moved together.
struct Rearrangement<Element: Scalar>: FixedMap {
  let inputCount: Int
  let outputCount: Int
  /// Values that are moved together.
  private let run: Int
  /// For each run of outputs the place of its first input; −1 for zeros.
  private let starts: [Int32]
  /// Whether some input is read more than once, or not at all.
  private let isPermutation: Bool

  /// y[i] = x[sources[i]], and 0 where the source is −1.
  init(_ sources: [Int], inputCount: Int) {
    self.inputCount = inputCount
    outputCount = sources.count
    run = Self.run(sources)
    starts = stride(from: 0, to: sources.count, by: run).map { Int32(sources[$0]) }
    var seen = [Bool](repeating: false, count: inputCount)
    for source in sources where source >= 0 { seen[source] = true }
    isPermutation = sources.count == inputCount && !seen.contains(false)
  }

  static func identity(_ count: Int) -> Rearrangement { Rearrangement(Array(0..<count), inputCount: count) }

  /// The longest run that divides all pieces in which sources follow each other.
  private static func run(_ sources: [Int]) -> Int {
    var run = sources.count
    var start = 0
    for index in 1...max(1, sources.count) {
      let goesOn =
        index < sources.count
        && (sources[index] == sources[index - 1] + 1 && sources[index - 1] >= 0
          || sources[index] < 0 && sources[index - 1] < 0)
      if goesOn { continue }
      run = gcd(run, index - start)
      start = index
    }
    return max(run, 1)
  }

  private static func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    starts.withUnsafeBufferPointer { starts in
      for sample in 0..<pass.count {
        let source = x + sample * inputCount
        var target = y + sample * outputCount
        for start in starts {
          if start < 0 {
            target.clear(run)
          } else if run == 1 {
            target[0] = source[Int(start)]
          } else {
            target.update(from: source + Int(start), count: run)
          }
          target += run
        }
      }
    }
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    if !isPermutation { dx.clear(pass.count * inputCount) }
    starts.withUnsafeBufferPointer { starts in
      for sample in 0..<pass.count {
        let target = dx + sample * inputCount
        var source = dy + sample * outputCount
        for start in starts {
          if start >= 0 {
            let place = target + Int(start)
            if isPermutation {
              if run == 1 { place[0] = source[0] } else { place.update(from: source, count: run) }
            } else if run == 1 {
              place[0] += source[0]
            } else {
              Element.add(source, place, run)
            }
          }
          source += run
        }
      }
    }
  }
}

extension ValueShape {
  /// The places in memory of all numbers, in PyTorch's order.
  var places: [Int] {
    var places = [0]
    for (size, step) in zip(sizes, strides) {
      places = places.flatMap { place in (0..<size).map { place + $0 * step } }
    }
    return places
  }

  /// For each place in memory, the number of the value there in PyTorch's order.
  var numbers: [Int] {
    var numbers = [Int](repeating: 0, count: count)
    for (number, place) in places.enumerated() { numbers[place] = number }
    return numbers
  }

  var isRowMajor: Bool { liesAs(rowMajor) }
}
