import Datasets
import JSON
import Jobs
import Storage

/// Text of the database that this program wrote.
///
/// A fault in such text is no fault of the request. So it becomes `JobFailure.corrupt`, which a client sees as
/// a fault of the service.
enum StoredText {
  /// - Parameter thing: the thing that the text describes, such as `the data set "digits"`.
  /// - Throws: `JobFailure.corrupt` for any error of `interpret`.
  static func read<Value>(of thing: String, _ interpret: () throws -> Value) throws -> Value {
    do {
      return try interpret()
    } catch {
      throw JobFailure(.corrupt, "what is stored of \(thing) cannot be read: \(error).")
    }
  }

  /// - Throws: `JobFailure.corrupt`.
  static func json(_ text: String, of thing: String) throws -> JSONValue {
    try read(of: thing) { try JSONParser.parse(text) }
  }
}

extension DatasetRecord {
  static func thing(_ name: String) -> String { "the data set \"\(name)\"" }

  var thing: String { Self.thing(name) }

  /// - Throws: `JobFailure.corrupt`.
  var sourceJSON: JSONValue { get throws { try StoredText.json(source, of: thing) } }

  /// How the set is made.
  /// - Throws: `JobFailure.corrupt`.
  var recipe: DatasetSource {
    get throws { try StoredText.read(of: thing) { try DatasetSource(json: JSONParser.parse(source)) } }
  }
}

extension JobRecord {
  var thing: String { "the job \(id)" }

  /// - Throws: `JobFailure.corrupt`.
  var requestJSON: JSONValue { get throws { try StoredText.json(request, of: thing) } }

  /// Null before the job has a result.
  /// - Throws: `JobFailure.corrupt`.
  var resultJSON: JSONValue { get throws { try result.map { try StoredText.json($0, of: thing) } ?? .null } }
}

extension CheckpointRecord {
  /// - Throws: `JobFailure.corrupt`.
  func read<Value>(_ interpret: () throws -> Value) throws -> Value {
    try StoredText.read(of: "the checkpoint \(id)", interpret)
  }
}
