import Foundation
import JSON
import Testing

/// Valid networks with random changes: no change may do worse than a fault.
@Suite struct GraphMutationTests {
  private static func seeds() throws -> [JSONValue] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Corpus/graph", directoryHint: .isDirectory)
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }.map { try JSONParser.parse([UInt8](Data(contentsOf: $0))) }
  }

  /// Numbers and texts that options do not expect.
  private static let strangers: [JSONValue] = [
    0, -1, 1, 2, 3, 7, 64, 65_536, .number(1e9), .number(-1e9), .number(0.5), .number(1e300), .null,
    .bool(true), "", "input", "n1", "same", [], [0], [1, 1], [2, 3, 4], ["input"], ["input", "input"], [:],
  ]

  /// The value with one change at a random place below it.
  private static func changed(_ value: JSONValue, _ draw: inout SystemlessGenerator) -> JSONValue {
    func stranger() -> JSONValue { strangers[draw.next(below: strangers.count)] }
    switch value {
    case .array(let list) where !list.isEmpty && draw.next(below: 8) > 0:
      var list = list
      let place = draw.next(below: list.count)
      switch draw.next(below: 10) {
      case 0: list.remove(at: place)
      case 1: list.insert(list[draw.next(below: list.count)], at: place)
      case 2: list.swapAt(place, draw.next(below: list.count))
      default: list[place] = changed(list[place], &draw)
      }
      return .array(list)
    case .object(let object) where !object.members.isEmpty && draw.next(below: 8) > 0:
      var object = object
      let member = object.members[draw.next(below: object.members.count)]
      object[member.name] = draw.next(below: 12) == 0 ? nil : changed(member.value, &draw)
      return .object(object)
    default: return stranger()
    }
  }

  /// A generator whose draws are the same everywhere.
  struct SystemlessGenerator {
    var state: UInt64

    mutating func next(below limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
  }

  @Test func changedNetworksGiveFaultsOrNetworks() throws {
    var draw = SystemlessGenerator(state: 1)
    for seed in try Self.seeds() {
      #expect(try checkGraph(JSONWriter.bytes(seed)) > 0, "\(seed)")
      for _ in 0..<300 {
        var value = seed
        for _ in 0...draw.next(below: 3) { value = Self.changed(value, &draw) }
        let text = JSONWriter.bytes(value)
        do {
          try checkGraph(text)
        } catch let finding as Finding {
          Issue.record("\(String(decoding: text, as: UTF8.self)): \(finding)")
        }
      }
    }
  }
}
