import JSON
import Jobs

/// One option: its names, its meaning, and how its text is read.
public struct ConfigurationOption: Sendable {
  /// The name in the configuration file. For `a_b` the flag is `--a-b` and the variable is `INFLUENCED_A_B`.
  public let name: String
  /// The word for the value in the help; nil for a switch.
  public let placeholder: String?
  public let help: String
  /// Whether the value may be shown.
  public let isSecret: Bool
  let apply: @Sendable (inout Configuration, String) throws(Unreadable) -> Void
  let shown: @Sendable (Configuration) -> String

  /// The values that would be right.
  struct Unreadable: Error { var expected: String }

  public var flag: String { "--" + name.replacing("_", with: "-") }
  public var variable: String { "INFLUENCED_" + name.uppercased() }

  /// Every option, in the order of the help.
  public static let all: [ConfigurationOption] = [
    text("host", "ADDRESS", \.host, "The address to listen on. Others than loopback need a token."),
    integer("port", "PORT", \.port, 0...65535, "The port to listen on; 0 takes a free one."),
    optional(
      "token", "TOKEN", \.token, "What clients must send as Authorization: Bearer TOKEN. Better in a file.",
      secret: true),
    optional("token_file", "FILE", \.tokenFile, "A file that holds the token."),
    toggle("insecure", \.insecure, "Serve other machines without a token."),
    optional(
      "allowed_hosts", "NAMES", \.allowedHosts,
      "Names, separated by commas, that requests without a token may be for; loopback's always are."),
    text("database", "FILE", \.database, "The SQLite file that holds everything; made where there is none."),
    text("data_directory", "DIR", \.dataDirectory, "The folder below which data sets are read."),
    number(
      "retention_days", "DAYS", \.retentionDays, 0...36500,
      "Finished jobs are deleted after this, with artifacts and events; 0 keeps them."),
    number(
      "edited_retention_days", "DAYS", \.editedRetentionDays, 0...36500,
      "Checkpoints that jobs edited are deleted after this; 0 keeps them. All others stay with their models."),
    integer("workers", "N", \.workers, 1...64, "Jobs that run at once, besides one worker for short jobs."),
    integer(
      "compute_threads", "N", \.computeThreads, 0...1024, "Threads all jobs share; 0: one a processor."),
    integer(
      "queue_limit", "N", \.queueLimit, 1...10_000_000, "Jobs that may wait; more are answered with 429."),
    number(
      "job_time_limit", "SECONDS", \.jobTimeLimit, 0...1e9, "A job that runs longer fails; 0 is no limit."),
    integer(
      "crash_limit", "N", \.crashLimit, 1...1_000_000,
      "A job is failed when the program has died so often while it ran."),
    number(
      "save_interval", "SECONDS", \.saveInterval, 0...86400,
      "Between two states that a running job saves to go on from after a crash or a stop."),
    size("memory_limit", \.memoryLimit, "Memory for the linearizations of one job."),
    size(
      "job_memory_limit", \.jobMemoryLimit,
      "What a job may need by its estimate; 0 is nine tenths of the machine's memory.", least: 0),
    size(
      "artifact_limit", \.artifactLimit, "Checkpoints and artifacts that a job may leave by its estimate."),
    number(
      "compute_rate", "GIGA", \.computeRate, 0...1e9,
      "10⁹ multiply-adds a second of all threads that estimates count on; 0 measures."),
    size("dataset_cache", \.datasetCache, "Memory for data sets kept between jobs."),
    size("json_limit", \.jsonLimit, "The largest JSON body."),
    size("blob_limit", \.blobLimit, "The largest uploaded blob."),
    integer("connections", "N", \.connections, 1...10_000_000, "Open connections, at most."),
    integer(
      "connections_per_address", "N", \.connectionsPerAddress, 1...10_000_000,
      "Open connections of one client address, at most."),
    number("head_deadline", "SECONDS", \.headDeadline, 0.1...3600, "For the head of a request."),
    number(
      "body_deadline", "SECONDS", \.bodyDeadline, 0.1...3600,
      "For a body; longer only while it arrives at 1 KiB/s."),
    number("idle_deadline", "SECONDS", \.idleDeadline, 0.1...86400, "Between two requests of a connection."),
    number(
      "write_deadline", "SECONDS", \.writeDeadline, 0.1...3600,
      "For a client that does not take its response."),
    number("stop_deadline", "SECONDS", \.stopDeadline, 0.1...3600, "From SIGTERM to the end, at most."),
    choice("log_format", \.logFormat, "One line a request and a job's change of state."),
    choice("log_level", \.logLevel, "The least important lines that are written."),
  ]

  // MARK: Kinds of options

  private static func text(
    _ name: String, _ placeholder: String, _ path: WritableKeyPath<Configuration, String> & Sendable,
    _ help: String
  ) -> Self {
    Self(
      name: name, placeholder: placeholder, help: help, isSecret: false,
      apply: { configuration, value throws(Unreadable) in
        guard !value.isEmpty, !value.utf8.contains(0) else { throw Unreadable(expected: "not be empty") }
        configuration[keyPath: path] = value
      }, shown: { $0[keyPath: path] })
  }

  private static func optional(
    _ name: String, _ placeholder: String, _ path: WritableKeyPath<Configuration, String?> & Sendable,
    _ help: String,
    secret: Bool = false
  ) -> Self {
    Self(
      name: name, placeholder: placeholder, help: help, isSecret: secret,
      apply: { configuration, value in configuration[keyPath: path] = value.isEmpty ? nil : value },
      shown: { $0[keyPath: path] ?? "none" })
  }

  private static func integer(
    _ name: String, _ placeholder: String, _ path: WritableKeyPath<Configuration, Int> & Sendable,
    _ range: ClosedRange<Int>, _ help: String
  ) -> Self {
    Self(
      name: name, placeholder: placeholder, help: help, isSecret: false,
      apply: { configuration, value throws(Unreadable) in
        guard let number = Int(value), range.contains(number) else {
          throw Unreadable(expected: "be an integer between \(range.lowerBound) and \(range.upperBound)")
        }
        configuration[keyPath: path] = number
      }, shown: { String($0[keyPath: path]) })
  }

  private static func number(
    _ name: String, _ placeholder: String, _ path: WritableKeyPath<Configuration, Double> & Sendable,
    _ range: ClosedRange<Double>, _ help: String
  ) -> Self {
    Self(
      name: name, placeholder: placeholder, help: help, isSecret: false,
      apply: { configuration, value throws(Unreadable) in
        guard let number = Double(value), range.contains(number) else {
          throw Unreadable(expected: "be a number between \(range.lowerBound) and \(range.upperBound)")
        }
        configuration[keyPath: path] = number
      },
      shown: { configuration in
        let value = configuration[keyPath: path]
        return Int(exactly: value).map(String.init) ?? String(value)
      })
  }

  private static func size(
    _ name: String, _ path: WritableKeyPath<Configuration, Int> & Sendable, _ help: String, least: Int = 1
  ) -> Self {
    Self(
      name: name, placeholder: "SIZE", help: help, isSecret: false,
      apply: { configuration, value throws(Unreadable) in
        guard let bytes = ByteSize.parse(value), bytes >= least else {
          throw Unreadable(expected: "be a size, such as 1048576, 512KiB, 64MiB or 4GiB")
        }
        configuration[keyPath: path] = bytes
      }, shown: { ByteSize.text($0[keyPath: path]) })
  }

  private static func toggle(
    _ name: String, _ path: WritableKeyPath<Configuration, Bool> & Sendable, _ help: String
  ) -> Self {
    Self(
      name: name, placeholder: nil, help: help, isSecret: false,
      apply: { configuration, value throws(Unreadable) in
        switch value.lowercased() {
        case "true", "1", "yes", "on", "": configuration[keyPath: path] = true
        case "false", "0", "no", "off": configuration[keyPath: path] = false
        default: throw Unreadable(expected: "be true or false")
        }
      }, shown: { $0[keyPath: path] ? "true" : "false" })
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: WritableKeyPath<Configuration, Choice> & Sendable, _ help: String
  ) -> Self {
    let names = Choice.allCases.map(\.rawValue)
    return Self(
      name: name, placeholder: names.joined(separator: "|"), help: help, isSecret: false,
      apply: { configuration, value throws(Unreadable) in
        guard let choice = Choice(rawValue: value) else {
          throw Unreadable(expected: "be \(FieldReader.words(names, joinedBy: "or"))")
        }
        configuration[keyPath: path] = choice
      }, shown: { $0[keyPath: path].rawValue })
  }
}

/// Byte counts in the form that people write.
public enum ByteSize {
  private static let units: [(name: String, shift: Int)] = [("GiB", 30), ("MiB", 20), ("KiB", 10)]

  /// A whole number of bytes, or a whole number with the unit KiB, MiB or GiB. Nil for other text and beyond
  /// 2⁶³.
  public static func parse(_ text: String) -> Int? {
    for unit in units where text.hasSuffix(unit.name) {
      guard let count = Int(text.dropLast(unit.name.count)), count >= 0 else { return nil }
      let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << unit.shift)
      return overflow ? nil : bytes
    }
    return Int(text).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The text in the largest unit that gives a whole number.
  public static func text(_ bytes: Int) -> String {
    for unit in units where bytes > 0 && bytes % (1 << unit.shift) == 0 {
      return "\(bytes >> unit.shift)\(unit.name)"
    }
    return "\(bytes)"
  }
}
