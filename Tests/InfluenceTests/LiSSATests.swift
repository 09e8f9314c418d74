import Influence
import Tensor
import Testing

@Suite("LiSSA")
struct LiSSATests {
  let n = 30
  let batches: [DenseSymmetricOperator<Double>]
  let whole: DenseSymmetricOperator<Double>

  init() {
    let model = SoftmaxRegression(samples: 400, features: 10, classes: 3, seed: 8)
    whole = DenseSymmetricOperator(model.hessian(0..<400, decay: 0.005), dimension: 30)
    batches = (0..<8).map {
      DenseSymmetricOperator(model.hessian($0 * 50..<($0 + 1) * 50, decay: 0.005), dimension: 30)
    }
  }

  var family: BatchFamily<DenseSymmetricOperator<Double>> { BatchFamily(count: 8) { batches[$0] } }

  func exact(_ g: [Double]) throws -> [Double] {
    try DenseAlgebra.solvePositiveDefinite(whole.elements, order: n, rightHandSides: [g])[0]
  }

  @Test func correctionsTakeTheNoiseOfTheBatchesAway() throws {
    let g = TestSystems.vector(n, seed: 1)
    let x = try exact(g)
    let published = try LiSSA(corrections: 0, averagedShare: 0).solve(whole, batches: family, g)
    let corrected = try LiSSA().solve(whole, batches: family, g)
    let rough = relativeError(published.x, x)
    #expect(rough > 0.02 && rough < 0.5)
    #expect(!published.report.converged)
    #expect(corrected.report.converged && relativeError(corrected.x, x) <= 1e-2)
  }

  @Test func repeatsAreAveraged() throws {
    let g = TestSystems.vector(n, seed: 2)
    let x = try exact(g)
    func error(_ repeats: Int, _ seed: UInt64) throws -> Double {
      let solver = LiSSA(
        SolveOptions(iterationLimit: 3000), repeats: repeats, corrections: 0, averagedShare: 0, seed: seed)
      return relativeError(try solver.solve(whole, batches: family, g).x, x)
    }
    let ones = try (0..<6).map { try error(1, $0) }.reduce(0, +) / 6
    let sixteens = try (0..<6).map { try error(16, $0) }.reduce(0, +) / 6
    // The spread falls as 1/√repeats; the depth is such that no bias shows.
    #expect(sixteens < 0.6 * ones)
  }

  @Test func theSeedIsAllThatMatters() throws {
    let g = TestSystems.vector(n, seed: 3)
    let a = try LiSSA(corrections: 0, seed: 5).solve(whole, batches: family, g)
    let b = try LiSSA(corrections: 0, seed: 5).solve(whole, batches: family, g)
    let c = try LiSSA(corrections: 0, seed: 6).solve(whole, batches: family, g)
    #expect(a.x == b.x && a.x != c.x)
    let block = try LiSSA(corrections: 0, seed: 5).solve(
      whole, batches: family, block: [TestSystems.vector(n, seed: 9), g])
    #expect(block[1].x == a.x)
  }

  @Test func productsAreCounted() throws {
    let counter = ProductCounter()
    let h = CountingOperator(whole, counter: counter)
    let counted = BatchFamily(count: 8) { CountingOperator(batches[$0], counter: counter) }
    let block = [TestSystems.vector(n, seed: 4), TestSystems.vector(n, seed: 5)]
    let solutions = try LiSSA(SolveOptions(iterationLimit: 100)).solve(h, batches: counted, block: block)
    #expect(solutions.map(\.report.curvatureProducts).reduce(0, +) == counter.count)
  }

  @Test func divergenceSaysWhatToChange() {
    do {
      _ = try LiSSA(scale: 0.02).solve(whole, batches: family, TestSystems.vector(n, seed: 6))
      Issue.record("A scale far below the largest eigenvalue cannot converge.")
    } catch SolveError.diverged(_, _, _, let advice) {
      #expect(advice.contains("scale"))
    } catch {
      Issue.record(error)
    }
  }
}
