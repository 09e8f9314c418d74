/// A node that reads whole numbers, such as an embedding, straight from the network's input.
public struct WholeReader: Sendable, Equatable {
  /// The node.
  public let name: String
  public let type: String
  /// The numbers are from 0 to one less.
  public let limit: Int
  /// The places of the network's input that the node reads.
  public let places: [Int]

  /// Why the inputs of a data set do not suit the node; nil if they do.
  /// - Parameter ranges: for each place of the input, the least and the largest number of the set if all are
  ///   whole, else nil. nil if nothing is known.
  public func fault(_ ranges: [ClosedRange<Int>?]?) -> String? {
    let what = "the node \"\(name)\" (\(type)) reads whole numbers from 0 to \(limit - 1)"
    guard let ranges else {
      return "\(what), and the data set has none: send integers, and do not normalize them"
    }
    for place in places {
      guard ranges.indices.contains(place), let range = ranges[place] else {
        return
          "\(what), and feature \(place) of the data set has others: send integers, and do not normalize them"
      }
      if range.lowerBound < 0 || range.upperBound >= limit {
        return
          "\(what), and feature \(place) of the data set has numbers from \(range.lowerBound) to \(range.upperBound)"
      }
    }
    return nil
  }
}

extension ArchitectureBuilder {
  /// Notes that a node reads whole numbers below a limit from a value.
  ///
  /// Numbers that come from the network's input by rearrangement alone are checked against data sets. Constants
  /// are checked at once. Other numbers are computed, and nobody can tell their range.
  func noteWholeReader(_ name: String, _ type: String, value: Int, limit: Int, path: [String]) {
    var value = value
    var places = Array(0..<shapes[value].count)
    while value > 0 {
      let node = nodes[value - 1]
      if let constant = node.layer as? Constant.Placed {
        let wrong = places.lazy.filter { $0 >= 0 }.map { constant.numbers[$0] }.first {
          !($0 >= 0 && $0 < Double(limit) && $0 == $0.rounded())
        }
        if let wrong {
          fault(path + ["inputs"], "must be whole numbers from 0 to \(limit - 1), but a constant is \(wrong)")
        }
        return
      }
      if !node.layer.isAlias {
        guard let sources = node.layer.sources else { return }
        places = places.map { $0 < 0 ? -1 : sources[$0] }
      }
      value = node.inputs[0]
    }
    guard input.isVector else {
      fault(path + ["inputs"], "must be numbers of a vector, but the input has the shape \(shapes[0].words)")
      return
    }
    wholeReaders.append(
      WholeReader(name: name, type: type, limit: limit, places: Set(places.filter { $0 >= 0 }).sorted()))
  }
}
