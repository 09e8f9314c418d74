import Formats
import JSON

/// CIFAR-10 in files of the data directory.
public struct CIFAR10Source: DatasetRecipe {
  /// A folder of the data directory.
  public var path: String

  public init(path: String) { self.path = path }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.cifar10(path: path, name: name, in: directory) }
}

/// The binary version of CIFAR-10. A record has 3,073 bytes: a label and the red, green and blue planes of a
/// 32×32 picture, each row by row.
public enum CIFAR10 {
  public static let shape = (height: 32, width: 32, channels: 3)
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  public static let trainFiles = (1...5).map { "data_batch_\($0).bin" }
  public static let testFile = "test_batch.bin"
  public static let namesFile = "batches.meta.txt"

  static let planeBytes = 32 * 32
  static let recordBytes = 1 + 3 * planeBytes

  /// Adds the records of one file to `pixels` (channels-last) and `labels`.
  ///
  /// - Throws: `DatasetError.file`; then nothing was added.
  public static func append(
    _ bytes: [UInt8], file: String, pixels: inout [UInt8], labels: inout [Int32]
  ) throws(DatasetError) {
    if let how = compression(of: bytes), bytes.count % recordBytes != 0 {
      throw .file(file, .compressed(how))
    }
    guard !bytes.isEmpty else { throw .file(file, .empty) }
    guard bytes.count % recordBytes == 0 else {
      throw .file(file, .notMultiple(bytes: bytes.count, of: recordBytes))
    }
    let count = bytes.count / recordBytes
    for record in 0..<count where bytes[record * recordBytes] > 9 {
      throw .file(
        file, .label(index: record, value: Int(bytes[record * recordBytes]), classes: classNames.count))
    }
    labels.append(contentsOf: (0..<count).lazy.map { Int32(bytes[$0 * recordBytes]) })
    let start = pixels.count
    pixels.append(contentsOf: repeatElement(0, count: count * 3 * planeBytes))
    bytes.withUnsafeBufferPointer { source in
      pixels.withUnsafeMutableBufferPointer { target in
        for record in 0..<count {
          interleave(
            source.baseAddress! + record * recordBytes + 1, channels: 3, positions: planeBytes,
            into: target.baseAddress! + start + record * 3 * planeBytes)
        }
      }
    }
  }

  /// The class names of `batches.meta.txt`, one for each line; blank lines are skipped.
  ///
  /// - Throws: `DatasetError.file` unless there are ten different ones in UTF-8.
  public static func names(_ bytes: [UInt8], file: String) throws(DatasetError) -> [String] {
    if let fault = TextFault(of: bytes) { throw .file(file, .encoding(fault)) }
    let names = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    guard names.count == classNames.count else {
      throw .file(file, .format("names \(names.count) classes, expected \(classNames.count)"))
    }
    guard Set(names.map { ExactText($0) }).count == names.count else {
      throw .file(file, .format("names a class twice"))
    }
    return names
  }
}

/// Puts one sample from planes (C, H·W), the order of files, to channels-last (H·W, C).
func interleave<Element>(
  _ planes: UnsafePointer<Element>, channels: Int, positions: Int, into target: UnsafeMutablePointer<Element>
) {
  for channel in 0..<channels {
    let plane = planes + channel * positions
    for position in 0..<positions { target[position * channels + channel] = plane[position] }
  }
}
