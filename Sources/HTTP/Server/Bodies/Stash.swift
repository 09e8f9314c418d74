/// Bytes received and not yet parsed. Taking from the front moves no bytes, so the cost of pipelined requests
/// does not grow with their number.
struct Stash {
  private(set) var bytes: [UInt8] = []
  private(set) var start = 0

  var isEmpty: Bool { bytes.isEmpty }

  mutating func append(_ span: Span<UInt8>) { bytes.append(copying: span) }

  mutating func drop(_ count: Int) {
    start += count
    if start >= bytes.count { clear() }
  }

  mutating func clear() {
    bytes = []
    start = 0
  }
}
