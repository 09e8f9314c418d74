import Foundation
import Service
import Testing

@Suite struct ConfigurationTests {
  private func load(
    _ arguments: [String] = [], _ environment: [String: String] = [:], file: String? = nil
  ) throws -> ConfigurationSources {
    guard let file else {
      return try ConfigurationSources.load(arguments: arguments, environment: environment)
    }
    let path = NSTemporaryDirectory() + "influenced-\(UUID().uuidString).json"
    try file.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try ConfigurationSources.load(arguments: ["--config", path] + arguments, environment: environment)
  }

  private func faults(
    _ arguments: [String] = [], _ environment: [String: String] = [:], file: String? = nil
  ) -> [String] {
    do {
      _ = try load(arguments, environment, file: file)
      return []
    } catch let error as ConfigurationError {
      return error.faults
    } catch {
      return ["\(error)"]
    }
  }

  @Test func flagsWinThenTheEnvironmentThenTheFile() throws {
    let file = #"{"port": 1, "workers": 2, "database": "f.sqlite", "json_limit": "2MiB"}"#
    let sources = try load(
      ["--port=3", "--log-format", "json"], ["INFLUENCED_PORT": "2", "INFLUENCED_WORKERS": "5"], file: file)
    #expect(sources.configuration.port == 3)
    #expect(sources.configuration.workers == 5)
    #expect(sources.configuration.database == "f.sqlite")
    #expect(sources.configuration.jsonLimit == 2 << 20)
    #expect(sources.configuration.logFormat == .json)
    #expect(sources.configuration.queueLimit == Configuration().queueLimit)
  }

  @Test func everyFaultIsTold() {
    let found = faults(
      ["--prot", "1", "--workers", "x", "--port"], ["INFLUENCED_JSON_LIMIT": "many"],
      file: #"{"log_level": "loud", "datbase": 1, "host": [1]}"#)
    for part in [
      #"--prot is not an option, did you mean "--port"?"#, "--workers must be an integer between 1 and 64",
      "--port needs a value", "INFLUENCED_JSON_LIMIT must be a size", #"log_level must be "debug""#,
      #"datbase is not an option, did you mean "database"?"#, "host must be a string",
    ] {
      #expect(found.contains { $0.contains(part) }, "\(part) in \(found)")
    }
  }

  @Test func aVariableOfAnotherProgramIsAWarning() throws {
    let sources = try load([], ["INFLUENCED_PROT": "1", "INFLUENCED_SERVICE_HOST": "10.0.0.1"])
    #expect(sources.warnings.count == 2)
    #expect(sources.warnings.contains { $0.contains("did you mean \"INFLUENCED_PORT\"?") })
  }

  @Test func otherAddressesNeedAToken() throws {
    #expect(faults(["--host", "0.0.0.0"]).first?.contains("set a token") == true)
    #expect(faults(["--host", "::"]).first?.contains("set a token") == true)
    #expect(faults(["--host", "0.0.0.0", "--insecure"]).isEmpty)
    #expect(faults(["--host", "0.0.0.0"], ["INFLUENCED_TOKEN": "0123456789abcdef"]).isEmpty)
    #expect(faults([], ["INFLUENCED_TOKEN": "short"]).first?.contains("at least 16") == true)
    #expect(faults(["--host", "127.3.2.1"]).isEmpty)
    #expect(faults(["--host", "::1"]).isEmpty)
    #expect(!faults(["--host", "127.0.0.1.example.org"]).isEmpty)
  }

  @Test func theTokenIsReadFromItsFileAndNeverRepeated() throws {
    let path = NSTemporaryDirectory() + "influenced-\(UUID().uuidString).token"
    try "0123456789abcdefXYZ\n".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try load(["--token-file", path]).configuration.token == "0123456789abcdefXYZ")
    #expect(faults(["--token-file", path + "x"]).first?.contains("cannot be read") == true)
    #expect(!faults(["--token-file", path], ["INFLUENCED_TOKEN": "0123456789abcdef"]).isEmpty)
  }

  @Test func theHelpNamesEveryOption() {
    for option in ConfigurationOption.all {
      #expect(Help.serve.contains(option.flag))
      #expect(Help.serve.contains(option.variable))
    }
  }

  @Test(
    arguments: [
      ("1", 1), ("4GiB", 4 << 30), ("512KiB", 512 << 10), ("0MiB", 0), ("-1", nil), ("1.5GiB", nil),
      ("GiB", nil),
      ("9999999999999GiB", nil), ("", nil),
    ] as [(String, Int?)])
  func sizes(_ text: String, _ bytes: Int?) {
    #expect(ByteSize.parse(text) == bytes)
    if let bytes, bytes > 0 { #expect(ByteSize.parse(ByteSize.text(bytes)) == bytes) }
  }
}
