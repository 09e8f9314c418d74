/// A reader of bytes from outside, with what must hold for any bytes.
///
/// `scripts/fuzz` compiles these checks with libFuzzer; `CorpusTests` runs them over the committed corpus.
enum FuzzTarget: String, CaseIterable {
  case request, semantics, json, safetensors, npy, pictures, csv, graph, onnx

  /// - Throws: `Finding` if something does not hold.
  func check(_ bytes: [UInt8]) throws {
    switch self {
    case .request: try checkRequest(bytes)
    case .semantics: try checkSemantics(bytes)
    case .json: try checkJSON(bytes)
    case .safetensors: try checkSafetensors(bytes)
    case .npy: try checkNPY(bytes)
    case .pictures: try checkPictures(bytes)
    case .csv: try checkCSV(bytes)
    case .graph: try checkGraph(bytes)
    case .onnx: try checkONNX(bytes)
    }
  }
}

/// The violated property, as a sentence.
struct Finding: Error, CustomStringConvertible { var description: String }

func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws {
  if !condition { throw Finding(description: sentence()) }
}

/// The same pieces for the same bytes: sizes of up to `most`, drawn from the bytes themselves.
func pieces(of bytes: [UInt8], most: Int) -> [[UInt8]] {
  // FNV-1a, then the linear congruence of Knuth's MMIX.
  var state = bytes.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  var pieces: [[UInt8]] = []
  var start = 0
  while start < bytes.count {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let end = min(bytes.count, start + Int(state >> 33) % (most + 1))
    pieces.append(Array(bytes[start..<end]))
    start = end
  }
  return pieces
}
