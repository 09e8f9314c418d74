import JSON
import Jobs
import Service
import Testing

@Suite struct TextTableTests {
  @Test(
    arguments: [
      (0.1, "0.1"), (1.0 / 3, "0.333333"), (123456.789, "123457"), (1e-7, "1.0e-7"), (-2.5, "-2.5"),
      (1e12, "1.0e12"),
      (0, "0"), (99.99996, "100"),
    ] as [(Double, String)])
  func numbersAreShort(_ value: Double, _ text: String) {
    #expect(TextTable.short(value) == text)
  }

  @Test func columnsAreAligned() {
    let text = TextTable.rows(["NAME", "N"], [["a", 5], ["longer", 1234], ["ü", nil]])
    #expect(text == "NAME       N\na          5\nlonger  1234\nü          -\n")
  }

  @Test func aMeanStandsWithItsDeviation() {
    let text = TextTable.object([
      "rows": [
        ["name": "a", "score": ["mean": 0.5, "deviation": 0.01], "scale": ["mean": 2, "deviation": nil]]
      ]
    ])
    #expect(text == "rows\n  name  score       scale\n  a     0.5 ± 0.01      2\n")
  }

  /// A table inside of a table's cell could not be read.
  @Test func listsOfTablesAreBlocks() {
    let pairs: JSONValue = [["a": 1, "b": 22], ["a": 3, "b": 4]]
    let text = TextTable.object(["tests": [["index": 7, "pairs": pairs], ["index": 8, "pairs": []]]])
    #expect(
      text == """
        tests 1
          index  7
          pairs
            a   b
            1  22
            3   4
        tests 2
          index  8
          pairs  -

        """)
  }
}

@Suite struct ProgressEstimateTests {
  @Test func anEvenCourseIsForeseen() {
    var estimate = ProgressEstimate()
    #expect(estimate.remaining(at: 0) == nil)
    for step in 0...50 { estimate.record(Double(step) / 100, at: Double(step)) }
    let remaining = estimate.remaining(at: 50) ?? 0
    #expect(abs(remaining - 50) < 0.5)
  }

  @Test func aSlowerPhaseIsNoticed() {
    var estimate = ProgressEstimate()
    for step in 0...50 { estimate.record(Double(step) / 100, at: Double(step) / 10) }
    for step in 1...40 { estimate.record(0.5 + Double(step) / 400, at: 5 + Double(step)) }
    // 0.4 is left at 1/400 a second: 160 s. A mean over the whole course would say 30 s.
    let remaining = estimate.remaining(at: 45) ?? 0
    #expect(remaining > 60 && remaining < 200, "\(remaining)")
  }

  @Test func itNeverGoesBack() {
    var estimate = ProgressEstimate()
    estimate.record(0.5, at: 0)
    estimate.record(0.2, at: 1)
    estimate.record(.nan, at: 2)
    #expect(estimate.fraction == 0.5)
    estimate.record(7, at: 3)
    #expect(estimate.fraction == 1)
    #expect(estimate.remaining(at: 3) == 0)
  }
}
