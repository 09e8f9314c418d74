import JSON
import Jobs
import Testing

/// The properties that follow from the declarations of fields hold for every object that the program
/// declares.
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
        found.contains { $0.map(\.pointer) == ["/\(member.name)"] },
        "\(object.title) \(member.name): \(found)")
    }
  }

  /// The reader accepts the bounds of the schema and refuses the numbers beside them.
  @Test(arguments: DeclaredObject.all)
  func theRangesOfTheContractAreThoseOfTheReader(_ object: DeclaredObject) throws {
    for member in object.members {
      guard let bounds = Bounds(member.schema) else { continue }
      /// The pointers of the faults from each start.
      func faults(_ value: Double, from starts: [JSONObject]) -> [[String]] {
        starts.map { start in
          var start = start
          start[member.name] = bounds.json(value)
          return object.read(.object(start)).faults.map(\.pointer)
        }
      }
      let pointer = "/\(member.name)"
      let starts = object.starts + largest(object, except: member.name)
      for value in bounds.inside {
        let found = faults(value, from: starts)
        #expect(found.contains { $0.allSatisfy { $0 != pointer } }, "\(object.title) \(pointer) \(value)")
      }
      for value in bounds.outside {
        let found = faults(value, from: object.starts)
        #expect(found.allSatisfy { !$0.isEmpty }, "\(object.title) \(pointer) \(value)")
        // A check of several members has its fault at the object.
        #expect(
          found.contains { $0.contains(pointer) || $0.contains("") }, "\(object.title) \(pointer) \(value)")
      }
    }
  }

  /// The same objects with another integer at its largest: the range of a member may depend on others.
  private func largest(_ object: DeclaredObject, except name: String) -> [JSONObject] {
    object.members.flatMap { member -> [JSONObject] in
      guard member.name != name, let bounds = Bounds(member.schema), bounds.isInteger,
        let most = bounds.inside.last
      else { return [] }
      return object.starts.map { start in
        var start = start
        start[member.name] = bounds.json(most)
        return start
      }
    }
  }
}
