import Tensor

/// A linear map between pictures that is the same for every channel: each output place is a sum of input
/// places with weights.
protocol PlaceMap<Element>: FixedMap, PictureBody {
  /// Calls `body` with the place of every output, every place of an input that it reads, and the weight.
  func forEachTerm(_ body: (_ output: Int, _ input: Int, _ weight: Element) -> Void)
}

extension PlaceMap {
  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    y.clear(pass.count * output.count)
    for sample in 0..<pass.count {
      let source = x + sample * input.count
      let target = y + sample * output.count
      forEachTerm { output, input, weight in
        Element.axpy(weight, source + input * channels, target + output * channels, channels)
      }
    }
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    dx.clear(pass.count * input.count)
    for sample in 0..<pass.count {
      let target = dx + sample * input.count
      let source = dy + sample * output.count
      forEachTerm { output, input, weight in
        Element.axpy(weight, source + output * channels, target + input * channels, channels)
      }
    }
  }
}
