import JSON
import Network

extension Architecture {
  /// Refuses a model whose inputs are whole numbers for a job that changes inputs.
  func checkInputsMayChange(_ model: String, _ faults: RequestFaults) {
    for reader in wholeReaders {
      faults.add(
        "cannot be \"\(model)\": its node \"\(reader.name)\" (\(reader.type)) reads whole numbers, and a small change of an "
          + "input has no meaning there", at: .root.appending("model"))
    }
  }
}
