import JSON
import Network
import Tensor
import TestSupport
import Testing

/// Operations whose options are read from JSON, against PyTorch's outputs, gradients and double backward.
struct PyTorchTests {
  private func architecture(_ reference: ReferenceCase) throws -> Architecture {
    let options = try JSONParser.parse(reference.options)
    guard case .object(let members) = options else { throw Malformed() }
    let names = reference.inputs.indices.map { "value \($0)" }
    let head: JSONObject = [
      "op": .string(reference.type), "name": "operation", "inputs": JSONValue(names),
    ]
    let operation = try NodeDescription.form.value(of: .object(head.merging(members)))
    // The operation is written back and read again.
    #expect(try NodeDescription.form.value(of: NodeDescription.form.write(operation)) == operation)
    var nodes: [NodeDescription] = []
    func add(_ name: String, _ operation: LayerDescription, _ inputs: [String]) -> String {
      nodes.append(NodeDescription(name, operation, inputs))
      return name
    }
    var start = 0
    for (name, input) in zip(names, reference.inputs) {
      let count = input.sizes.reduce(1, *)
      let part = add("\(name) part", .indexSelect(Array(start..<start + count)), [GraphDescription.input])
      start += count
      let x = add("\(name) x", .reshape(input.sizes), [part])
      let scaled = "\(name) scaled"
      switch input {
      case .any:
        _ = add(name, .multiply, [x, add("\(name) s", .parameter(input.sizes), [])])
      case .positive:
        _ = add(scaled, .multiply, [x, add("\(name) s", .parameter(input.sizes), [])])
        _ = add(name, .exponential, [scaled])
      case .whole(_, let limit):
        _ = add(scaled, .multiply(by: Double(limit) / 2), [add("\(name) above", .add(1), [x])])
        _ = add(name, .floor, [scaled])
      }
    }
    nodes.append(operation)
    let output = add("y", .reshape([-1]), ["operation"])
    return try Architecture(
      graph: GraphDescription(nodes: nodes, output: output), input: Shape(features: start))
  }

  private struct Malformed: Error {}

  private func probe(_ values: [Double]) -> Double {
    values.enumerated().reduce(0) { $0 + $1.element * cosine(Double($1.offset + 1)) }
  }

  private func sine(_ x: Double) -> Double { pointwise(.sine, x) }
  private func cosine(_ x: Double) -> Double { pointwise(.cosine, x) }

  private func pointwise(_ name: PointFunction.Name, _ x: Double) -> Double {
    var y = 0.0
    PointFunction(name).values([x], &y, 1)
    return y
  }

  /// A vector over θ from its entries in PyTorch's order.
  private func vector(_ layout: ParameterLayout, _ entry: (Double) -> Double) -> [Double] {
    var vector = [Double](repeating: 0, count: layout.parameterCount)
    var place = 0
    for tensor in layout.tensors where tensor.kind.isParameter {
      tensor.place((0..<tensor.count).map { entry(Double(place + $0 + 1)) }, into: &vector)
      place += tensor.count
    }
    return vector
  }

  @Test(arguments: ReferenceCase.all)
  func agreesWithPyTorch(_ reference: ReferenceCase) throws {
    let architecture = try architecture(reference)
    let layout = architecture.layout
    #expect(architecture.output.count == reference.count)
    var state = NetworkState<Double>(initial: layout, seed: 0)
    state.parameters = vector(layout) { sine(0.7 * $0) }
    let v = vector(layout) { cosine(0.3 * $0) }
    let samples = Samples(
      source: TensorSource(
        inputs: (1...architecture.input.count).map { sine(1.3 * Double($0)) }, shape: architecture.input),
      indices: [0],
      targets: .values(.zeros(reference.count), columns: reference.count))
    let network = Network<Double>(architecture)
    let compute = Compute(pool: .single)

    let outputs = Buffer<Double>(count: reference.count)
    let target = Disjoint(outputs.pointer)
    _ = try network.evaluate(state, on: samples, loss: .meanSquaredError, compute: compute) { _, row in
      for (index, value) in row.enumerated() { target.value[index] = value }
    }
    let linearization = try Linearization(
      network: network, state: state, samples: samples, loss: .meanSquaredError, compute: compute)
    var product: [Double] = []
    try linearization.curvatureProduct(.hessian, v, into: &product)

    let found = [
      probe(Array(UnsafeBufferPointer(start: outputs.pointer, count: reference.count))),
      probe(layout.exported(linearization.gradient)), probe(layout.exported(product)),
    ]
    for (found, expected) in zip(found, reference.probes) {
      // Sums of some hundred numbers near 1.
      #expect(abs(found - expected) < 1e-11, "\(found) against \(expected)")
    }
  }

  /// Options of a plain convolution are written as before there were others.
  @Test func plainOptionsAreWrittenAsTheyWere() throws {
    for text in [
      #"{"type":"conv2d","out_channels":3,"kernel_size":[3,3],"stride":2,"padding":1,"bias":true}"#,
      #"{"type":"batch_norm2d"}"#, #"{"type":"max_pool2d","kernel_size":[2,2],"padding":0}"#,
      #"{"type":"avg_pool2d","kernel_size":[3,3],"stride":2,"padding":1}"#,
    ] {
      let value = try JSONParser.parse(text)
      #expect(LayerDescription.form.write(try LayerDescription.form.value(of: value)) == value)
    }
  }
}
