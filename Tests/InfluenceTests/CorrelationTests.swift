import Influence
import Testing

@Suite struct CorrelationTests {
  @Test func smallExamples() throws {
    let x = [1.0, 2, 3, 4, 5]
    let y = [2.0, 1, 4, 3, 5]
    // Σ dx·dy = 8, Σ dx² = Σ dy² = 10.
    #expect(abs(try #require(Correlation.pearson(x, y)) - 0.8) < 1e-15)
    #expect(abs(try #require(Correlation.spearman(x, y)) - 0.8) < 1e-15)
    #expect(Correlation.pearson(x, x.map { -3 * $0 + 7 }) == -1)
    // Any rising function keeps the ranks.
    #expect(Correlation.spearman(x, x.map { $0 * $0 * $0 }) == 1)
    #expect(try #require(Correlation.pearson(x, x.map { $0 * $0 * $0 })) < 0.96)
  }

  @Test func tiesShareTheMeanOfTheirRanks() throws {
    #expect(Correlation.ranks([3, 1, 3, 2, 3]) == [4, 1, 4, 2, 4])
    #expect(Correlation.ranks([]) == [])
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: Σ dx·dy = 4.5, Σ dx² = 4.5, Σ dy² = 5.
    let found = try #require(Correlation.spearman([0, 5, 5, 9], [1, 2, 3, 4]))
    #expect(abs(found - 4.5 / (4.5 * 5).squareRoot()) < 1e-15)
  }

  @Test func extremeSizesDoNotOverflow() throws {
    for scale in [1e300, 1e-300] {
      let found = Correlation.pearson([1, 2, 4].map { $0 * scale }, [1, 2, 4])
      #expect(abs(try #require(found) - 1) < 1e-15)
    }
    // A large common part leaves the differences as they are.
    let shifted = [1.0, 2, 4].map { $0 + 1e9 }
    #expect(abs(try #require(Correlation.pearson(shifted, [1, 2, 4])) - 1) < 1e-7)
  }

  @Test func nothingToCompareIsNil() {
    #expect(Correlation.pearson([], []) == nil)
    #expect(Correlation.pearson([1], [2]) == nil)
    #expect(Correlation.pearson([1, 1, 1], [1, 2, 3]) == nil)
    #expect(Correlation.spearman([1, 2, 3], [0.1, 0.1, 0.1]) == nil)
    #expect(Correlation.pearson([1, .nan], [1, 2]) == nil)
    #expect(Correlation.spearman([1, .infinity], [1, 2]) == nil)
  }
}
