import Glibc

/// A point in time, in whole milliseconds since 1970 in UTC.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let milliseconds: Int64

  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  public func advanced(bySeconds seconds: Double) -> Timestamp {
    Timestamp(milliseconds: milliseconds + Int64((seconds * 1000).rounded()))
  }

  public func seconds(since earlier: Timestamp) -> Double {
    Double(milliseconds - earlier.milliseconds) / 1000
  }

  /// RFC 3339 in UTC with milliseconds, for the years 0 to 9999: `2026-01-31T09:05:07.042Z`.
  public var description: String {
    let (seconds, milliseconds) = Self.floorDivision(milliseconds, 1000)
    let (days, secondOfDay) = Self.floorDivision(seconds, 86400)
    let (year, month, day) = Self.civil(daysSince1970: days)
    if (0...9999).contains(year) {
      // Made by hand, because every response and every line of the log has one.
      return String(unsafeUninitializedCapacity: 24) { text in
        var place = 0
        func put(_ value: Int64, _ width: Int, _ separator: Unicode.Scalar) {
          var rest = value
          for digit in stride(from: place + width - 1, through: place, by: -1) {
            text[digit] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
          }
          text[place + width] = UInt8(ascii: separator)
          place += width + 1
        }
        put(year, 4, "-")
        put(month, 2, "-")
        put(day, 2, "T")
        put(secondOfDay / 3600, 2, ":")
        put(secondOfDay / 60 % 60, 2, ":")
        put(secondOfDay % 60, 2, ".")
        put(milliseconds, 3, "Z")
        return place
      }
    }
    func padded(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    let hour = padded(secondOfDay / 3600, 2)
    let minute = padded(secondOfDay / 60 % 60, 2)
    return "\(date)T\(hour):\(minute):\(padded(secondOfDay % 60, 2)).\(padded(milliseconds, 3))Z"
  }

  /// The proleptic Gregorian date. Years are counted from March, so that the leap day is the last of its
  /// year. An era of 400 years has 146,097 days.
  private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivision(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }

  private static func floorDivision(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let remainder = ((value % divisor) + divisor) % divisor
    return ((value - remainder) / divisor, remainder)
  }
}

extension Timestamp: Bindable {
  public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    milliseconds.bind(to: statement, at: index)
  }
}

extension Row {
  func timestamp(_ column: Int) -> Timestamp { Timestamp(milliseconds: int64(column)) }

  func optionalTimestamp(_ column: Int) -> Timestamp? { optionalInt64(column).map(Timestamp.init) }
}
