import Dispatch
import Foundation
import JSON
import Jobs
import Storage

/// The command line.
public enum Program {
  /// Runs a command; returns the exit status, or does not return while it serves.
  public static func run(_ arguments: [String]) -> Int32 {
    var rest = arguments.dropFirst()
    let command = rest.popFirst()
    let options = Array(rest)
    switch command {
    case "serve" where options.contains("--help") || options.contains("-h"):
      print(Help.serve)
      return 0
    case "serve": return serve(options)
    case "backup": return backup(options)
    case "--version", "version":
      print("\(Version.name) \(Version.number)")
      return 0
    case "--help", "-h", "help":
      print(Help.program)
      return 0
    case nil:
      complain(Help.program)
      return 64
    case let other?:
      let suggestion = Spelling.suggestion(for: other, among: ["serve", "backup", "--version", "--help"])
      complain("influenced: \(other) is not a command\(suggestion)\n\n\(Help.program)")
      return 64
    }
  }

  private static func serve(_ options: [String]) -> Int32 {
    let sources: ConfigurationSources
    do {
      sources = try ConfigurationSources.load(arguments: options)
    } catch {
      for fault in error.faults { complain("influenced: \(fault)") }
      complain("see `influenced serve --help`")
      return 64
    }
    // A write to a client that has gone must not end the process.
    signal(SIGPIPE, SIG_IGN)
    // A file at its size limit (setrlimit(2)) must not end the process. Then only the write and its request
    // fail.
    signal(SIGXFSZ, SIG_IGN)
    let configuration = sources.configuration
    let log = Log(format: configuration.logFormat, level: configuration.logLevel)
    for warning in sources.warnings { log.write(.warning, "configuration", ["message": .string(warning)]) }
    // The signals are caught before there is anything to stop.
    let signals = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "service.signals"))
    }
    let stop = DispatchSemaphore(value: 0)
    for source in signals {
      source.setEventHandler { stop.signal() }
      source.resume()
    }
    // A released source hears no signal, so the sources are held until the end.
    defer { for source in signals { source.cancel() } }
    do {
      let service = try Service(configuration: configuration, log: log)
      let port = try service.start()
      tell("influenced \(Version.number) serves http://\(shown(configuration.host)):\(port)/v1")
      stop.wait()
      // A second signal ends the process at once.
      DispatchQueue.global().async {
        stop.wait()
        _exit(1)
      }
      service.stop()
      // A released source hears no signal.
      withExtendedLifetime(signals) {}
      return 0
    } catch {
      complain("influenced: \(error)")
      return 1
    }
  }

  private static func shown(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

  private static func backup(_ options: [String]) -> Int32 {
    var database = Configuration().database
    var destination: String?
    var rest = options[...]
    while let option = rest.popFirst() {
      if option == "--database", let path = rest.popFirst() {
        database = path
      } else if option.hasPrefix("--database=") {
        database = String(option.dropFirst("--database=".count))
      } else if option.hasPrefix("-") || destination != nil {
        complain("usage: influenced backup FILE [--database FILE]")
        return 64
      } else {
        destination = option
      }
    }
    guard let destination else {
      complain("usage: influenced backup FILE [--database FILE]")
      return 64
    }
    do {
      try Database.backup(of: database, to: destination)
      print("\(database) was copied to \(destination)")
      return 0
    } catch {
      complain("influenced: \(error)")
      return 1
    }
  }

  /// Writes at once, even if standard output is a file or a pipe.
  private static func tell(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  private static func complain(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}
