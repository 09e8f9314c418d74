import JSON
import Jobs
import Testing

/// What follows from the declarations of fields holds for every object that the program declares.
@Suite("Declared fields")
struct DeclaredFieldTests {
  @Test func theListIsThatOfTheProgram() {
    let titles = Set(DeclaredObject.all.map(\.title))
    for kind in StandardJobs.kinds { #expect(titles.contains(kind.name)) }
    #expect(titles.count == DeclaredObject.all.count)
    #expect(titles.count > 60)
  }

  @Test(arguments: DeclaredObject.all)
  func theStandardReadAgainIsEqual(_ object: DeclaredObject) throws {
    try #require(!object.starts.isEmpty, "no example of \(object) is accepted")
    for start in object.starts {
      let written = try #require(object.read(.object(start)).written)
      let again = object.read(written)
      #expect(again.faults.isEmpty)
      #expect(try JSONWriter.text(#require(again.written)) == JSONWriter.text(written))
    }
  }

  /// A value of a wrong type gives one fault, at its member.
  @Test(arguments: DeclaredObject.all)
  func aWrongTypeIsOneFault(_ object: DeclaredObject) throws {
    for member in object.members where member.schema["const"] == nil {
      let types = Example.types(of: member.schema)
      let wrong: JSONValue = types.contains("boolean") ? (types.contains("string") ? [] : "x") : true
      let found = object.starts.map { start -> [RequestFault] in
        var start = start
        start[member.name] = wrong
        return object.read(.object(start)).faults
      }
      #expect(
        found.contains { $0.map(\.pointer) == ["/\(member.name)"] }, "\(object.title) \(member.name): \(found)")
    }
  }

  /// The reader accepts the bounds of the schema and refuses the numbers beside them.
  @Test(arguments: DeclaredObject.all)
  func theRangesOfTheContractAreThoseOfTheReader(_ object: DeclaredObject) throws {
    for member in object.members {
      guard let bounds = Bounds(member.schema) else { continue }
      func isRefused(_ value: Double, from starts: [JSONObject]) -> Bool {
        starts.allSatisfy { start in
          var start = start
          start[member.name] = bounds.json(value)
          let pointers = object.read(.object(start)).faults.map(\.pointer)
          return pointers.contains { $0 == "/\(member.name)" || $0.hasPrefix("/\(member.name)/") }
        }
      }
      for value in bounds.inside {
        #expect(
          !isRefused(value, from: object.starts + largest(object)), "\(object.title) \(member.name) \(value)")
      }
      for value in bounds.outside {
        #expect(isRefused(value, from: object.starts), "\(object.title) \(member.name) \(value)")
      }
    }
  }

  /// The same objects with every integer at its largest: the range of a member may depend on others.
  private func largest(_ object: DeclaredObject) -> [JSONObject] {
    object.starts.map { start in
      var start = start
      for member in object.members {
        if let bounds = Bounds(member.schema), bounds.isInteger, let most = bounds.inside.last {
          start[member.name] = bounds.json(most)
        }
      }
      return start
    }
  }
}
