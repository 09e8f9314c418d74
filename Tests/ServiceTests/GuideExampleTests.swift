import Formats
import Foundation
import Service
import Testing

/// Every example of the guide, run by a shell on a fresh service, page by page and in order.
///
/// A block fenced as `sh` must succeed; a block fenced as `sh refused` must be answered with an error. After
/// each block every job has succeeded, or was cancelled if the page cancels one.
@Suite(.serialized) struct GuideExampleTests {
  private struct Example {
    var text: String
    var isRefused: Bool
  }

  private static let readme = "README"
  static let pages = ((try? Guide.standard.get().pages.map(\.name)) ?? []) + [readme]

  @Test func thereAreExamples() throws {
    #expect(Self.pages.count > 10)
    let counts = try Self.pages.map { try examples(of: $0).count }
    #expect(counts.reduce(0, +) > 30)
  }

  @Test(arguments: pages) func examplesRun(_ page: String) throws {
    let examples = try examples(of: page)
    guard !examples.isEmpty else { return }
    let running = try RunningService { $0.computeThreads = 2 }
    try addArrays(running.folder)
    try addTokens(running.folder)
    let address = "localhost:\(running.port)"
    let mayCancel = examples.contains { $0.text.contains("/cancel") }
    var script = Self.prelude(address, ends: mayCancel ? "succeeded|cancelled" : "succeeded")
    for (number, example) in examples.enumerated() {
      let text = example.text.replacing("localhost:8080", with: address)
      script += "\necho '--- example \(number + 1)'\n"
      script += example.isRefused ? "refused <<'EXAMPLE'\n\(text)EXAMPLE\n" : text
      script += "settled\n"
    }
    let (status, words) = try Self.shell(script, in: running.folder)
    #expect(status == 0, "\(page): \(words.suffix(3000))")
  }

  /// A typed id would not exist on a fresh service. It would also hide that an id is taken from an answer.
  @Test(arguments: pages) func noExampleHasAnId(_ page: String) throws {
    for example in try examples(of: page) {
      let ids = example.text.matches(of: /[0-9a-z]{20,}/)
      #expect(ids.isEmpty, "\(page): \(ids.map(\.output))")
    }
  }

  // MARK: The shell

  private static func asksTheService(_ block: Markdown.Block) -> Bool {
    guard case .code(_, let text) = block else { return false }
    return text.contains("$api")
  }

  /// The README's are those that ask the service; others start it.
  private func examples(of name: String) throws -> [Example] {
    let text =
      name == Self.readme
      ? try String(contentsOf: GuideTests.repository.appendingPathComponent("README.md"), encoding: .utf8)
      : try #require(try Guide.standard.get()[name]).text
    let blocks =
      name == Self.readme ? try Markdown(text).blocks.filter(Self.asksTheService) : try Markdown(text).blocks
    return blocks.compactMap { block in
      guard case .code(let info, let text) = block, info == "sh" || info == "sh refused" else { return nil }
      return Example(text: text, isRefused: info == "sh refused")
    }
  }

  /// `curl` fails on every error status. `refused` runs its input and expects an answer of 4xx. `settled`
  /// waits for all jobs.
  private static func prelude(_ address: String, ends: String) -> String {
    """
    set -euo pipefail
    export api=http://\(address)/v1
    curl() { command curl -sS --fail-with-body "$@"; }
    export -f curl
    refused() {
      local status=0
      bash -c "$(cat)" || status=$?
      [ $status -eq 22 ] || { echo "exit $status instead of an error of the service"; exit 1; }
    }
    settled() {
      local id state
      for id in $(curl "$api/jobs?limit=500" | jq -r '.items[].id'); do
        state=$(curl "$api/jobs/$id?wait=60" | jq -r .state)
        case $state in
          \(ends)) ;;
          *) echo "a job is $state"; curl "$api/jobs/$id" | jq '.kind, .request, .error'; exit 1 ;;
        esac
      done
    }

    """
  }

  private static func shell(_ script: String, in folder: String) throws -> (status: Int32, words: String) {
    try Data(script.utf8).write(to: URL(fileURLWithPath: folder + "/examples.sh"))
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["bash", "examples.sh"]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let words = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: words, as: UTF8.self))
  }

  /// The files that the page on data says Python has written: three classes of flowers, four numbers each.
  private func addArrays(_ folder: String) throws {
    for (split, count) in [("train", 30), ("test", 9)] {
      var inputs: [Float] = []
      var labels: [Int64] = []
      for sample in 0..<count {
        let label = sample % 3
        labels.append(Int64(label))
        for feature in 0..<4 {
          let step = (7 * sample + 3 * feature) % 11
          inputs.append(Float(label) + 0.1 * Float(step))
        }
      }
      try write(NPY.encode(inputs, shape: [count, 4]), to: "\(folder)/\(split)-inputs.npy")
      try write(NPY.encode(labels, shape: [count]), to: "\(folder)/\(split)-labels.npy")
    }
  }

  /// The rows of token ids of the page on networks.
  private func addTokens(_ folder: String) throws {
    let tokens: [Int64] = (0..<1600).map { (place: Int64) -> Int64 in place * (place + 3) % 50 }
    let labels: [Int64] = (0..<200).map { (row: Int) -> Int64 in tokens[8 * row] % 3 }
    try write(NPY.encode(tokens, shape: [200, 8]), to: "\(folder)/tokens.npy")
    try write(NPY.encode(labels, shape: [200]), to: "\(folder)/token-classes.npy")
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}
