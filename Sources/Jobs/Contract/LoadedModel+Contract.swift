import Datasets
import Tensor

extension LoadedModel {
  /// The data that the model expects. The model's own set fills in the parts that an earlier version did not
  /// store.
  var contract: DataContract {
    if let stored = record.contract, stored.isComplete { return stored }
    return dataset.contract
  }

  /// A data set as this model takes it.
  ///
  /// The model's own set stays as it is. Another set is normalized by the model's numbers and gets the
  /// model's classes. Every job that takes another set gets it from here.
  /// - Returns: the set, and warnings for the job's result.
  ///
  /// - Throws: `JobFailure` (`unacceptable`) with all differences if the set does not fit.
  func matched(
    _ name: String, _ environment: JobEnvironment, _ context: any JobContext
  ) throws -> (dataset: Dataset, warnings: [String]) {
    guard name != record.dataset else { return (dataset, []) }
    let other = try environment.preload(name, context)
    do {
      let met = try other.meeting(contract, of: dataset)
      if let fault = network.architecture.wholeReaders.lazy.compactMap({
        $0.fault(met.dataset.wholeNumbers)
      }).first {
        throw JobFailure(
          .unacceptable, "The data set \(name) does not fit the model \(record.name): \(fault).")
      }
      try met.dataset.requireFits(Element.precision)
      return met
    } catch let mismatch as ContractMismatch {
      throw JobFailure(
        .unacceptable, "The data set \(name) does not fit the model \(record.name): it \(mismatch).",
        advice: "Make a data set that does, or take another model.")
    }
  }
}

extension Dataset {
  /// - Throws: `JobFailure` (`unacceptable`) if a sample is too large for that precision.
  func requireFits(_ precision: Precision) throws {
    guard precision == .float32, let overflow = float32Overflow else { return }
    throw JobFailure(
      .unacceptable, "In the data set \(name), \(overflow).",
      advice: "Use a model with \"precision\": \"float64\", or take the sample out of the data set.")
  }
}
