import Synchronization

/// Values made from rows of the store, kept while their row stays the same. Requests are checked against the
/// same few models and data sets again and again, and their descriptions are long.
final class Interpretations<Record: Equatable & Sendable, Value: Sendable>: Sendable {
  private static var limit: Int { 1024 }

  private let kept = Mutex<[String: (record: Record, value: Value)]>([:])

  /// The value of the row called `name`. `interpret` makes it if the row is new or has changed.
  func value(of record: Record, named name: String, _ interpret: (Record) throws -> Value) rethrows -> Value {
    if let known = kept.withLock({ $0[name] }), known.record == record { return known.value }
    let value = try interpret(record)
    kept.withLock { kept in
      if kept.count >= Self.limit { kept = [:] }
      kept[name] = (record, value)
    }
    return value
  }
}
