/// Makes opaque ids that sort in the order they were made, and by their time.
///
/// An id is 48 bits of milliseconds and 52 random bits, as 20 lower-case characters of Crockford's base 32,
/// whose alphabet sorts as its values do. In the same millisecond, or if the clock goes back, ids count on
/// from the last one.
public final class IdentifierSource: Sendable {
  private struct State {
    var milliseconds: UInt64 = 0
    var low: UInt64 = 0
  }

  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
  private static let lowBits: UInt64 = 52

  private let clock: @Sendable () -> Timestamp
  private let random: @Sendable () -> UInt64
  private let state = Lock(State())

  public init(
    clock: @escaping @Sendable () -> Timestamp = { .now() },
    random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
  ) {
    self.clock = clock
    self.random = random
  }

  /// A new id, after all before.
  public func next() -> String {
    let now = UInt64(clamping: clock().milliseconds) & (1 << 48 - 1)
    let (milliseconds, low) = state.withLock { state in
      if now > state.milliseconds {
        state.milliseconds = now
        // The top bit stays free, so that a millisecond has room to count on.
        state.low = random() & (1 << (Self.lowBits - 1) - 1)
      } else {
        state.low += 1
        if state.low >> Self.lowBits != 0 {
          state.milliseconds += 1
          state.low = 0
        }
      }
      return (state.milliseconds, state.low)
    }
    // The 100 bits, five a character. 48 bits are nine characters and three bits of the tenth.
    let high = milliseconds << 2 | low >> 50
    var characters: [UInt8] = []
    characters.reserveCapacity(20)
    for shift in stride(from: UInt64(45), through: 0, by: -5) {
      characters.append(Self.alphabet[Int(high >> shift & 31)])
    }
    for shift in stride(from: UInt64(45), through: 0, by: -5) {
      characters.append(Self.alphabet[Int(low >> shift & 31)])
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// Makes all later ids sort after `id`, an id of an earlier run. Other text is ignored.
  func advance(past id: String) {
    var value: (high: UInt64, low: UInt64) = (0, 0)
    let characters = Array(id.utf8)
    guard characters.count == 20 else { return }
    for (index, character) in characters.enumerated() {
      guard let digit = Self.alphabet.firstIndex(of: character) else { return }
      if index < 10 {
        value.high = value.high << 5 | UInt64(digit)
      } else {
        value.low = value.low << 5 | UInt64(digit)
      }
    }
    let milliseconds = value.high >> 2
    let low = (value.high & 3) << 50 | value.low
    state.withLock { state in
      if (milliseconds, low) > (state.milliseconds, state.low) {
        state.milliseconds = milliseconds
        state.low = low
      }
    }
  }
}
