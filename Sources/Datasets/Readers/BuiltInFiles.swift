import CResources

/// The bytes of the embedded files.
enum BuiltInFiles {
  static var digits: [UInt8] { bytes(cr_digits_start(), cr_digits_count) }
  static var iris: [UInt8] { bytes(cr_iris_start(), cr_iris_count) }

  private static func bytes(_ start: UnsafePointer<UInt8>, _ count: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: start, count: count))
  }
}
