/// A value that enters a parallel loop, or waits behind a lock for the thread that takes it.
///
/// This is the engine's one assertion that values may cross threads. Every use follows its rule. While a loop
/// runs, each body writes only to parts that no other body reads or writes, and the caller touches none of
/// these parts. An object that waits behind a lock belongs to the one thread that took it.
public struct Disjoint<Value>: @unchecked Sendable {  // Safe by the rule above, which every use follows.
  public let value: Value

  @inlinable
  public init(_ value: Value) { self.value = value }
}
