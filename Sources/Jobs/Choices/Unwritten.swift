/// A value that equality ignores: requests that differ in it alone are equal.
struct Unwritten<Value: Sendable>: Hashable, Sendable {
  var value: Value

  init(_ value: Value) { self.value = value }

  static func == (_: Unwritten, _: Unwritten) -> Bool { true }
  func hash(into _: inout Hasher) {}
}
