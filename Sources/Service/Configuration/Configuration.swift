import Foundation

/// Everything that a user can configure. `ConfigurationOption.all` has the name and the meaning of each
/// option.
public struct Configuration: Sendable, Equatable {
  public enum LogFormat: String, CaseIterable, Sendable { case text, json }
  public enum LogLevel: String, CaseIterable, Sendable, Comparable {
    case debug, info, warning, error

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  }

  public var host = "127.0.0.1"
  public var port = 8080
  public var token: String?
  public var tokenFile: String?
  /// Serve other machines without a token.
  public var insecure = false
  /// Host names besides those of loopback that requests may name, comma-separated. They are checked if there
  /// is no token.
  public var allowedHosts: String?

  public var database = "influenced.sqlite"
  public var dataDirectory = "data"
  /// Days that finished jobs are kept; 0 keeps them.
  public var retentionDays = 0.0
  /// Days that checkpoints of `remove` and `recover` jobs are kept; 0 keeps them.
  public var editedRetentionDays = 0.0

  /// Jobs at the same time, besides a worker reserved for short jobs.
  public var workers = 1
  /// Compute threads; 0 takes one for each processor.
  public var computeThreads = 0
  public var queueLimit = 1000
  /// Seconds a job may run; 0 is no limit.
  public var jobTimeLimit = 0.0
  /// After so many crashes of the program during a job, the job fails.
  public var crashLimit = 3
  /// Seconds between two saved states of a running job.
  public var saveInterval = 5.0
  /// Bytes for the linearizations of one job.
  public var memoryLimit = 4 << 30
  /// Bytes that a job may need by its estimate; 0 is nine tenths of the machine's memory.
  public var jobMemoryLimit = 0
  /// Bytes of checkpoints and artifacts that a job may leave by its estimate.
  public var artifactLimit = 4 << 30
  /// Thousand million multiply-adds a second for estimates; 0 measures the rate at the start.
  public var computeRate = 0.0
  /// Bytes of data sets kept in memory between jobs.
  public var datasetCache = 2 << 30

  public var jsonLimit = 1 << 20
  public var blobLimit = 1 << 30
  public var connections = 20_000
  public var connectionsPerAddress = 20_000
  public var headDeadline = 15.0
  public var bodyDeadline = 30.0
  public var idleDeadline = 75.0
  public var writeDeadline = 30.0
  /// Seconds from a signal to the end of the process, at most.
  public var stopDeadline = 8.0

  public var logFormat = LogFormat.text
  public var logLevel = LogLevel.info

  public init() {}

  /// Whether the address is reachable from this machine only: 127.0.0.0/8, ::1 or `localhost`.
  public var isLoopback: Bool { Self.isLoopback(host) }

  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts[0] == 127 && !parts.contains(nil)
  }

  /// Reads the token file, and checks the options against each other.
  ///
  /// Throws `ConfigurationError`.
  public mutating func settle() throws(ConfigurationError) {
    if let tokenFile {
      if token != nil {
        throw ConfigurationError(["token and token_file exclude each other; set one of them"])
      }
      guard let bytes = FileManager.default.contents(atPath: tokenFile) else {
        throw ConfigurationError(["token_file: \(tokenFile) cannot be read"])
      }
      token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    if let token {
      guard token.utf8.count >= 16, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw ConfigurationError([
          "the token must have at least 16 visible ASCII characters; `openssl rand -hex 32` makes a good one"
        ])
      }
    }
    guard isLoopback || token != nil || insecure else {
      throw ConfigurationError([
        "\(host) can be reached from other machines: set a token (INFLUENCED_TOKEN, or --token-file FILE), "
          + "or --insecure if everybody who can reach it may use it"
      ])
    }
  }
}

/// Every reason why a configuration is refused.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  public var faults: [String]

  public init(_ faults: [String]) { self.faults = faults }

  public var description: String { faults.joined(separator: "\n") }
}
