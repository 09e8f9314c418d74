import JSON
import Tensor

/// The last axis of what a recurrent network gives.
enum RecurrentOutput: String, Sendable, CaseIterable { case sequence, last }

/// The name of a recurrent layer, and its cell.
protocol RecurrentCellName: Sendable {
  static var type: String { get }
  static var cell: RecurrentCell.Kind { get }
}

/// Hochreiter and Schmidhuber 1997.
enum LSTMCell: RecurrentCellName {
  static let type = "lstm"
  static let cell = RecurrentCell.Kind.lstm
}

/// Cho et al. 2014.
enum GRUCell: RecurrentCellName {
  static let type = "gru"
  static let cell = RecurrentCell.Kind.gru
}

typealias LSTM = Recurrent<LSTMCell>
typealias GRU = Recurrent<GRUCell>

/// `torch.nn.LSTM` and `torch.nn.GRU` over a sequence of steps with features, batch first, that begin with zeros.
///
/// A layer projects the inputs of all steps with one product, and then goes through the steps.
struct Recurrent<Cell: RecurrentCellName>: LayerKind {
  static var type: String { Cell.type }
  static var standard: Self { Self() }
  static var fields: Fields<Self> {
    Fields([
      .required("hidden_size", \.hidden, .size, "The units of a layer in one direction."),
      .given("input_size", \.features, .size, "Must agree with the layer before."),
      .integer("num_layers", \.layers, 1...1024, "Layers, each behind the one before."),
      .flag("bias", \.bias, "Whether there are biases."),
      .flag("bidirectional", \.isBidirectional, "Whether each layer also goes through the steps backwards."),
      .number("dropout", \.dropout, .any, "Must be 0."),
      .choice(
        "output", \.output,
        "`sequence` gives the states of the last layer at all steps. `last` gives its state after the last step "
          + "of each direction."),
    ])
  }

  var hidden = 1
  var features: Int?
  var layers = 1
  var bias = true
  var isBidirectional = false
  var dropout = 0.0
  var output = RecurrentOutput.sequence

  static var examples: [LayerExample] {
    var (plain, deep, last) = (standard, standard, standard)
    plain.hidden = 3
    deep.hidden = 2
    deep.layers = 2
    deep.isBidirectional = true
    last.hidden = 2
    last.bias = false
    last.isBidirectional = true
    last.output = .last
    return [
      LayerExample(plain, [[4, 2]]), LayerExample(deep, [[3, 2]]), LayerExample(last, [[4, 3]]),
      LayerExample(plain, [[1, 2]]),
    ]
  }

  func place(at site: LayerSite) -> Architecture.Node? {
    guard site.shape.rank == 2 else {
      return site.fault("needs steps with features, but the input has the shape \(site.shape.words)")
    }
    let (steps, width) = (site.shape.sizes[0], site.shape.sizes[1])
    if let features, features != width {
      return site.fault(
        "must be \(width), the features of the layer before, got \(features)", at: "input_size")
    }
    guard dropout == 0 else {
      return site.fault("must be 0: put dropout operations between layers of their own", at: "dropout")
    }
    let (states, overflow) = hidden.multipliedReportingOverflow(by: 8 * steps)
    guard site.hasRoom(values: overflow ? .max : states, at: "hidden_size") else { return nil }
    var value = site.value
    for layer in 0..<layers {
      var ends: [Int] = []
      for isReverse in isBidirectional ? [false, true] : [false] {
        guard let end = placeDirection(at: site, of: value, layer, isReverse: isReverse) else { return nil }
        ends.append(end)
      }
      if layer == layers - 1, output == .last {
        return placeLast(at: site, ends)
      }
      if ends.count == 1 {
        value = ends[0]
      } else {
        guard let joined = Concat(dim: -1).place(at: site.reading(ends)) else { return nil }
        value = site.insert(joined)
      }
    }
    return .init(Relabelled(value: site.shape(ofValue: value)), inputs: [value])
  }

  /// The states of a layer in one direction; nil after a fault.
  private func placeDirection(at site: LayerSite, of input: Int, _ layer: Int, isReverse: Bool) -> Int? {
    let (source, value) = site.reading([input]).rowMajor(0)
    let (steps, width) = (source.sizes[0], source.sizes[1])
    let cell = RecurrentCell(Cell.cell, units: hidden)
    let suffix = "l\(layer)" + (isReverse ? "_reverse" : "")
    guard
      site.hasRoom(
        rows: cell.gates, columns: width + hidden + 2, values: steps * cell.gates, at: "hidden_size")
    else { return nil }
    let weights = site.add("weight_ih_\(suffix)", [cell.gates, width], .linear, fanIn: hidden)
    let recurrent = site.add("weight_hh_\(suffix)", [cell.gates, hidden], .linear, fanIn: hidden)
    var (inputBias, stateBias): (Int?, Int?)
    if bias {
      inputBias = site.add("bias_ih_\(suffix)", [cell.gates], .bias, fanIn: hidden)
      stateBias = site.add("bias_hh_\(suffix)", [cell.gates], .bias, fanIn: hidden)
    }
    site.note(
      NeuronLayer(
        name: "\(site.name).ih_\(suffix)", weights: weights, bias: inputBias, neurons: cell.gates,
        fanIn: width, positions: steps))
    site.note(
      NeuronLayer(
        name: "\(site.name).hh_\(suffix)", weights: recurrent, bias: stateBias, neurons: cell.gates,
        fanIn: hidden, positions: steps, isNarrowable: false))
    let projection = site.insert(
      .init(
        Linear.Placed(
          input: Shape(positionsOf: source), value: ValueShape([steps, cell.gates]), weights: weights,
          bias: inputBias), inputs: [value]))
    return site.insert(
      .init(
        PlacedRecurrence(
          value: ValueShape([steps, hidden]), cell: cell, weights: recurrent, bias: stateBias,
          isReverse: isReverse), inputs: [projection]))
  }

  /// The states after the last step of each direction, side by side.
  private func placeLast(at site: LayerSite, _ ends: [Int]) -> Architecture.Node? {
    var states: [Int] = []
    for (end, index) in zip(ends, [-1, 0]) {
      guard let state = site.chain(end, [Select(dim: 1, index: index)]) else { return nil }
      states.append(state)
    }
    return Concat(dim: 1).place(at: site.reading(states))
  }
}

/// The steps of one layer in one direction. The input is the projection of the layer's inputs.
struct PlacedRecurrence: PlacedLayer {
  let value: ValueShape
  let cell: RecurrentCell
  /// Offsets of the weights of the state and of their biases, if there are any.
  let weights: Int
  let bias: Int?
  /// Whether the last step comes first.
  let isReverse: Bool

  var steps: Int { value.sizes[0] }
  var multiplyAdds: Int { steps * cell.gates * cell.units }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(RecurrenceLayer<Element>(options: self))
  }
}
