import Foundation
import JSON
import Jobs

/// The sources of option values. Later sources override earlier ones: defaults, configuration file,
/// environment, flags.
public struct ConfigurationSources: Sendable {
  public private(set) var configuration = Configuration()
  /// Oddities that are no reason to refuse the configuration.
  public private(set) var warnings: [String] = []
  private var faults: [String] = []

  public init() {}

  /// The settled configuration of a command line.
  ///
  /// - Parameter arguments: the flags, without the program and the command.
  /// - Throws: `ConfigurationError` with every fault of every source.
  public static func load(
    arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) -> ConfigurationSources {
    var sources = ConfigurationSources()
    let flags = sources.parse(arguments)
    let file = flags.file ?? environment["INFLUENCED_CONFIG"]
    if let file { sources.read(file: file) }
    sources.read(environment)
    for (option, value) in flags.values { sources.set(option, value, from: option.flag) }
    if !sources.faults.isEmpty { throw ConfigurationError(sources.faults) }
    try sources.configuration.settle()
    return sources
  }

  // MARK: Flags

  private mutating func parse(
    _ arguments: [String]
  ) -> (file: String?, values: [(ConfigurationOption, String)]) {
    var file: String?
    var values: [(ConfigurationOption, String)] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      let flag = parts[0]
      func value(_ name: String) -> String? {
        if parts.count == 2 { return parts[1] }
        guard let next = rest.first, !next.hasPrefix("--") else {
          faults.append("\(name) needs a value")
          return nil
        }
        rest.removeFirst()
        return next
      }
      if flag == "--config" {
        file = value(flag) ?? file
      } else if let option = ConfigurationOption.all.first(where: { $0.flag == flag }) {
        if option.placeholder == nil {
          values.append((option, parts.count == 2 ? parts[1] : "true"))
        } else if let text = value(flag) {
          values.append((option, text))
        }
      } else {
        let known = ConfigurationOption.all.map(\.flag) + ["--config", "--help"]
        faults.append("\(flag) is not an option\(Spelling.suggestion(for: flag, among: known))")
      }
    }
    return (file, values)
  }

  // MARK: File

  private mutating func read(file: String) {
    guard let bytes = FileManager.default.contents(atPath: file) else {
      faults.append("\(file) cannot be read")
      return
    }
    let value: JSONValue
    do {
      value = try JSONParser.parse([UInt8](bytes))
    } catch {
      faults.append("\(file): \(error)")
      return
    }
    guard case .object(let object) = value else {
      faults.append("\(file) must hold a JSON object, got \(value.kindName)")
      return
    }
    for member in object.members {
      guard let option = ConfigurationOption.all.first(where: { $0.name == member.name }) else {
        let names = ConfigurationOption.all.map(\.name)
        faults.append(
          "\(file): \(member.name) is not an option\(Spelling.suggestion(for: member.name, among: names))")
        continue
      }
      switch member.value {
      case .null: continue
      case .array, .object:
        faults.append(
          "\(file): \(member.name) must be a string, a number or a boolean, got \(member.value.kindName)")
      case .string(let text): set(option, text, from: "\(file): \(member.name)")
      default: set(option, JSONWriter.text(member.value), from: "\(file): \(member.name)")
      }
    }
  }

  // MARK: Environment

  private mutating func read(_ environment: [String: String]) {
    let options = Dictionary(uniqueKeysWithValues: ConfigurationOption.all.map { ($0.variable, $0) })
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("INFLUENCED_") {
      if let option = options[name] {
        set(option, value, from: name)
      } else if name != "INFLUENCED_CONFIG" {
        // Container platforms set variables of this form by themselves, so they are not refused.
        warnings.append(
          "the environment variable \(name) is not an option\(Spelling.suggestion(for: name, among: options.keys.sorted()))"
        )
      }
    }
  }

  private mutating func set(_ option: ConfigurationOption, _ text: String, from place: String) {
    do throws(ConfigurationOption.Unreadable) {
      try option.apply(&configuration, text)
    } catch {
      let got = option.isSecret ? "" : ", got \(FieldReader.brief(.string(text)))"
      faults.append("\(place) must \(error.expected)\(got)")
    }
  }
}
