import Glibc

/// Dates as HTTP writes them: IMF-fixdate (RFC 9110 §5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
  /// The date of a number of seconds since 1970; years 0 to 9999.
  public static func string(secondsSince1970 seconds: Int) -> String {
    String(decoding: bytes(secondsSince1970: seconds), as: UTF8.self)
  }

  /// The seconds since 1970 of an IMF-fixdate, or nil. A leap second counts as the second before it. The two
  /// obsolete formats are not read.
  public static func seconds(_ text: String) -> Int? {
    let b = Array(text.utf8)
    guard b.count == 29, b[3] == 0x2C, b[4] == 0x20, b[7] == 0x20, b[11] == 0x20, b[16] == 0x20,
      b[19] == 0x3A, b[22] == 0x3A, b[25...].elementsEqual(" GMT".utf8)
    else { return nil }
    func number(_ bounds: Range<Int>) -> Int? {
      var value = 0
      for i in bounds {
        guard b[i].isDigit else { return nil }
        value = value * 10 + Int(b[i] - 0x30)
      }
      return value
    }
    guard let day = number(5..<7), let year = number(12..<16), let hour = number(17..<19),
      let minute = number(20..<22), let second = number(23..<25),
      let month = months.firstIndex(where: { $0.utf8.elementsEqual(b[8..<11]) }),
      (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    let seconds =
      ((daysSince1970(year: year, month: month + 1, day: day) * 24 + hour) * 60 + minute) * 60
      + min(second, 59)
    var canonical = bytes(secondsSince1970: seconds)
    if second == 60 { canonical.replaceSubrange(23..<25, with: "60".utf8) }
    return canonical == b ? seconds : nil
  }

  static func bytes(secondsSince1970 seconds: Int) -> [UInt8] {
    let bounded = min(max(seconds, -62_167_219_200), 253_402_300_799)
    let days = bounded >= 0 ? bounded / 86_400 : (bounded - 86_399) / 86_400
    let rest = bounded - days * 86_400
    let (year, month, day) = civil(days: days)
    let weekday = ((days % 7) + 11) % 7
    var out: [UInt8] = []
    out.reserveCapacity(29)
    func put(_ value: Int, _ digits: Int) {
      var scale = 1
      for _ in 1..<digits { scale *= 10 }
      while scale > 0 {
        out.append(UInt8(0x30 + value / scale % 10))
        scale /= 10
      }
    }
    out += weekdays[weekday].utf8
    out += ", ".utf8
    put(day, 2)
    out.append(0x20)
    out += months[month - 1].utf8
    out.append(0x20)
    put(year, 4)
    out.append(0x20)
    put(rest / 3600, 2)
    out.append(0x3A)
    put(rest / 60 % 60, 2)
    out.append(0x3A)
    put(rest % 60, 2)
    out += " GMT".utf8
    return out
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Days of the proleptic Gregorian calendar, counted in eras of 400 years that start on 1 March.
  private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

/// `Date: … CR LF` of the present second, formatted once a second.
struct DateField {
  private var second = Int.min
  private(set) var line: [UInt8] = []

  mutating func update() {
    let now = time(nil)
    guard now != second else { return }
    second = now
    line = Array("Date: ".utf8) + HTTPDate.bytes(secondsSince1970: now) + [0x0D, 0x0A]
  }
}
