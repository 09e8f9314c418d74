import Tensor
import Testing

@Suite("Operations on whole vectors")
struct VectorOperationsTests {
  private func addsAtPlaces<Element: Scalar>(_: Element.Type) {
    var vector: [Element] = [1, 2, 3, 4]
    vector.add(0.5, times: [10, 20], at: [3, 0])
    #expect(vector == [11, 2, 3, 9])
    vector.add(2, times: [], at: [])
    #expect(vector == [11, 2, 3, 9])
  }

  @Test(arguments: Precision.allCases)
  func additionAtSomePlacesLeavesTheOthers(_ precision: Precision) {
    #expect(precision.scalar.precision == precision)
    addsAtPlaces(precision.scalar)
  }
}
