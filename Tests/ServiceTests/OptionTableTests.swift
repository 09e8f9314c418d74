import Datasets
import JSON
import Jobs
import Service
import Testing

@Suite struct OptionTableTests {
  /// Every kind and every source has a table, and a row for each member.
  @Test func everyKindAndSourceHasATable() throws {
    let declared =
      StandardJobs.kinds.map { ($0.name, $0.members) } + DatasetSource.formats.map { ($0.title, $0.members) }
    for (name, members) in declared {
      let table = try #require(OptionTables.table(named: name), "\(name)")
      for member in members { #expect(table.contains("\n| `\(member.name)` | "), "\(name) \(member.name)") }
    }
  }

  @Test func namesAreUniqueAndOthersHaveNoTable() {
    #expect(Set(OptionTables.names).count == OptionTables.names.count)
    for name in OptionTables.names { #expect(OptionTables.table(named: name) != nil) }
    #expect(OptionTables.table(named: "unknown") == nil)
  }

  /// Objects inside have tables of their own. Objects with a name are not repeated.
  @Test func objectsInsideFollow() throws {
    let derived = try #require(OptionTables.table(named: "derived"))
    #expect(derived.contains("`poison`:\n\n| field |") && derived.contains("| `placement` |"))
    let spectrum = try #require(OptionTables.table(named: "spectrum"))
    #expect(spectrum.contains("`density`:\n\n| field |"))
    #expect(!spectrum.contains("| `learning_rate` |"))
    let solver = try #require(OptionTables.table(named: "solver"))
    #expect(solver.contains("`lissa`:\n\n| field |"))
  }

  /// A table in Markdown: every line of it has the same number of cells.
  @Test func everyRowHasFourCells() throws {
    for name in OptionTables.names {
      for line in try #require(OptionTables.table(named: name)).split(separator: "\n")
      where line.hasPrefix("|") {
        let cells = line.replacing("\\|", with: "").split(separator: "|", omittingEmptySubsequences: false)
        #expect(cells.count == 6, "\(name): \(line)")
      }
    }
  }
}
