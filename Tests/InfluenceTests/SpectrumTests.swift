import Foundation
import Influence
import Tensor
import Testing

@Suite("Spectrum")
struct SpectrumTests {
  let n = 120
  /// Eigenvalues of both signs, falling in magnitude.
  var values: [Double] { (0..<n).map { pow(0.93, Double($0)) * ($0 % 4 == 2 ? -1 : 1) } }
  var matrix: [Double] { TestSystems.symmetric(values, seed: 1) }

  @Test func theLargestMagnitudesAreFoundWithinLittleMemory() throws {
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let pairs = try LanczosEigensolver(count: 15, basisLimit: 30).solve(h)
    #expect(pairs.converged)
    for index in 0..<15 {
      #expect(abs(pairs.values[index] - values[index]) <= 1e-10)
      var rest = try h.apply(pairs.vectors[index])
      rest.add(-pairs.values[index], times: pairs.vectors[index])
      #expect(rest.norm <= 1e-9)
      for other in 0..<index { #expect(abs(pairs.vectors[index].dot(pairs.vectors[other])) <= 1e-12) }
    }
    let single = try LanczosEigensolver(count: 15).solve(
      DenseSymmetricOperator<Float>(cast(matrix), dimension: n))
    #expect(single.converged)
    for index in 0..<15 { #expect(abs(single.values[index] - values[index]) <= 1e-5) }
  }

  @Test func bothEndsAreFound() throws {
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let largest = try LanczosEigensolver(count: 2, order: .largest).solve(h)
    #expect(abs(largest.values[0] - 1) <= 1e-9 && abs(largest.values[1] - 0.93) <= 1e-9)
    let smallest = try LanczosEigensolver(count: 2, order: .smallest).solve(h)
    let rising = values.sorted()
    #expect(abs(smallest.values[0] - rising[0]) <= 1e-9 && abs(smallest.values[1] - rising[1]) <= 1e-9)
    let ends = try ExtremeEigenvalues(of: h, accuracy: 1e-3, both: true)
    #expect(ends.largest <= 1 + 1e-12 && ends.upperBound >= 1 && ends.upperBound <= 1.01)
    #expect(ends.smallest >= rising[0] - 1e-12 && ends.smallest <= rising[0] + 0.01)
  }

  @Test func allEigenvaluesOfASmallOperatorAreFound() throws {
    // A zero of multiplicity two and a repeated value: an invariant space ends early and is gone on from.
    let small = [3.0, 3, 1, 0, 0, -2]
    let h = DenseSymmetricOperator(TestSystems.symmetric(small, seed: 2), dimension: 6)
    let pairs = try LanczosEigensolver(count: 6).solve(h)
    #expect(pairs.converged && pairs.values.count == 6)
    for (found, value) in zip(pairs.values, [3.0, 3, -2, 1, 0, 0]) { #expect(abs(found - value) <= 1e-10) }
    let identity = DenseSymmetricOperator<Float>([2, 0, 0, 2], dimension: 2)
    let twos = try LanczosEigensolver(count: 5).solve(identity).values
    #expect(twos.count == 2 && twos.allSatisfy { abs($0 - 2) <= 1e-6 })
    let zero = DenseSymmetricOperator<Float>([0], dimension: 1)
    #expect(try LanczosEigensolver(count: 1).solve(zero).values == [0])
  }

  /// Every eigenvalue is found with its multiplicity, even if only a part of a multiple one fits into the
  /// count.
  @Test(arguments: [3, 8, 12, 20])
  func multipleEigenvaluesAreCounted(_ count: Int) throws {
    let head = [5.0, 5, 5, -4, -4, 3, 3, 3, 3, 3, 2, 2]
    let all = head + (0..<60).map { 1.9 * pow(0.9, Double($0)) }
    let h = DenseSymmetricOperator(TestSystems.symmetric(all, seed: 9), dimension: all.count)
    let pairs = try LanczosEigensolver(count: count, findsMultiples: true).solve(h)
    #expect(pairs.converged && pairs.values.count == count)
    for (found, value) in zip(pairs.values, all) { #expect(abs(found - value) <= 1e-9) }
    for residual in try pairs.trueResiduals(h) { #expect(residual <= 1e-8) }
    for index in pairs.vectors.indices {
      for other in 0..<index { #expect(abs(pairs.vectors[index].dot(pairs.vectors[other])) <= 1e-10) }
    }
    let single = try LanczosEigensolver(count: count, findsMultiples: true).solve(
      DenseSymmetricOperator<Float>(cast(h.elements), dimension: all.count))
    #expect(single.converged)
    for (found, value) in zip(single.values, all) { #expect(abs(found - value) <= 1e-4) }
    // With few wanted pairs, rounding has not yet shown the other directions of an eigenvalue.
    let rough = try LanczosEigensolver(count: count, tolerance: 1e-3, findsMultiples: true).solve(h)
    #expect(rough.converged)
    for (found, value) in zip(rough.values, all) { #expect(abs(found - value) <= 1e-2) }
  }

  @Test(arguments: [1, 19, 20, 21, 24]) func theLastProductMayBeAnywhere(_ limit: Int) throws {
    let h = DenseSymmetricOperator(
      TestSystems.symmetric(TestSystems.logSpaced(60, condition: 100), seed: 3), dimension: 60)
    let pairs = try LanczosEigensolver(
      count: 1, tolerance: 0.9, productLimit: limit, findsMultiples: true
    ).solve(h)
    #expect(pairs.values.count == 1 && pairs.products <= limit)
    // If no product is left to look for further directions, the report says that this is not known.
    if limit <= 22 { #expect(!pairs.converged) }
  }

  @Test func aMultipleOfTheIdentityIsItsOnlyEigenvalue() throws {
    let n = 30
    let h = DenseSymmetricOperator((0..<n * n).map { $0 % (n + 1) == 0 ? 2.0 : 0 }, dimension: n)
    let pairs = try LanczosEigensolver(count: 9, findsMultiples: true).solve(h)
    #expect(pairs.converged && pairs.values.count == 9)
    #expect(pairs.values.allSatisfy { abs($0 - 2) <= 1e-12 })
  }

  /// One run serves every shift: which eigenvalues are large depends on it.
  @Test func theFirstOfEveryShiftAreThere() throws {
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let shifts = [0, 0.05, 0.3, 2]
    let pairs = try LanczosEigensolver(count: 12, findsMultiples: true, shifts: shifts).solve(h)
    #expect(pairs.converged && pairs.values.count > 12)
    for shift in shifts {
      let wanted = values.map { $0 + shift }.sorted { abs($0) > abs($1) }.prefix(12)
      let found = pairs.values.map { $0 + shift }.sorted { abs($0) > abs($1) }.prefix(12)
      for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 1e-9) }
    }
  }

  @Test(arguments: [false, true])
  func theLimitOfProductsIsKept(_ findsMultiples: Bool) throws {
    let counted = CountingOperator(DenseSymmetricOperator(matrix, dimension: n))
    let pairs = try LanczosEigensolver(
      count: 10, tolerance: 1e-14, basisLimit: 14, productLimit: 40, findsMultiples: findsMultiples
    ).solve(counted)
    #expect(!pairs.converged && pairs.products == 40 && counted.counter.count == 40)
  }

  @Test func theDensityHasTheMomentsOfTheSpectrum() throws {
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let density = try SpectralDensity(of: h, probes: 60, steps: 30)
    #expect(abs(density.weights.reduce(0, +) - 1) <= 1e-10)
    // Standard error of the trace estimate: √(2 Σ λ²/probes)/n, here 0.004.
    #expect(abs(density.mean { $0 } - values.reduce(0, +) / Double(n)) <= 0.015)
    let squares = values.map { $0 * $0 }.reduce(0, +) / Double(n)
    #expect(abs(density.mean { $0 * $0 } - squares) <= 0.015)
    let negative = Double(values.filter { $0 < -0.05 }.count) / Double(n)
    #expect(abs(density.mean { $0 < -0.05 ? 1 : 0 } - negative) <= 0.05)
    let points = (0..<400).map { -2 + 0.01 * Double($0) }
    let area = density.density(at: points, width: 0.05).reduce(0, +) * 0.01
    #expect(abs(area - 1) <= 1e-3)
  }
}

@Suite("Arnoldi")
struct ArnoldiTests {
  let n = 90

  @Test func theLowRankPartIsThatOfTheEigenvectors() throws {
    let values = TestSystems.logSpaced(n, condition: 1e3).enumerated().map { $0 == 3 ? -$1 : $1 }
    let matrix = TestSystems.symmetric(values, seed: 1)
    let q = TestSystems.orthogonal(n, seed: 1)
    let g = TestSystems.vector(n, seed: 2)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    var inside = [Double].zeros(n)
    var rest = g
    for index in 0..<20 {
      inside.add(q[index].dot(g) / (values[index] + 0.1), times: q[index])
      rest.add(-q[index].dot(g), times: q[index])
    }
    let options = SolveOptions(damping: 0.1)
    let dropped = try ArnoldiSolver(options, rank: 20, complement: .dropped).solve(h, g)
    #expect(relativeError(dropped.x, inside) <= 1e-6)
    #expect(dropped.report.reason == .lowRank && dropped.report.negativeEigenvalues == 1)
    #expect(dropped.report.rank == 20)
    let constant = try ArnoldiSolver(options, rank: 20, complement: .constant).solve(h, g)
    inside.add(1 / (abs(values[19]) + 0.1), times: rest)
    #expect(relativeError(constant.x, inside) <= 1e-6)
    #expect(constant.report.relativeResidual < dropped.report.relativeResidual)
  }

  @Test(arguments: [1e2, 1e3])
  func withItsComplementSolvedItIsExact(_ condition: Double) throws {
    let values = TestSystems.logSpaced(n, condition: condition).enumerated().map { $0 % 5 == 4 ? -$1 : $1 }
    let matrix = TestSystems.symmetric(values, seed: 3)
    let x = TestSystems.vector(n, seed: 4)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let g = try h.apply(x)
    let counted = CountingOperator(h)
    let solutions = try ArnoldiSolver(rank: 30).solve(counted, block: [g, g.map { -$0 }])
    #expect(solutions[0].report.converged && relativeError(solutions[0].x, x) <= 1e-9 * condition)
    #expect(relativeError(solutions[1].x, x.map { -$0 }) <= 1e-9 * condition)
    #expect(solutions.map(\.report.curvatureProducts).reduce(0, +) == counted.counter.count)
    // The strong eigenpairs spare steps.
    let plain = try MINRES().solve(h, g)
    #expect(solutions[0].report.iterations < plain.report.iterations)
  }

  @Test func aLowRankOperatorIsInvertedOnItsRange() throws {
    let values = TestSystems.logSpaced(10, condition: 100) + [Double].zeros(n - 10)
    let h = DenseSymmetricOperator(TestSystems.symmetric(values, seed: 5), dimension: n)
    let g = try h.apply(TestSystems.vector(n, seed: 6))
    let solution = try ArnoldiSolver(rank: 30, complement: .dropped).solve(h, g)
    let exact = try DirectSolver().solve(h, g)
    #expect(exact.report.rank == 10)
    #expect(solution.report.converged && relativeError(solution.x, exact.x) <= 1e-8)
  }
}
