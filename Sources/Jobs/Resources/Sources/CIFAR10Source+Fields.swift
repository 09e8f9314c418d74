import Datasets
import JSON

extension CIFAR10Source {
  static let format = SourceFormat(
    "cifar10", CIFAR10Source(path: ""), normalization: .standardize,
    Fields([.path(\.path, "A folder of the data directory with the files of the binary version.")]))
}
