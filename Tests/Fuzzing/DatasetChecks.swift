import Datasets

/// IDX and CIFAR-10: an accepted file has the size that its header says.
func checkPictures(_ bytes: [UInt8]) throws {
  if let pictures = try? IDX.pictures(bytes, file: "f") {
    try require(
      pictures.pixels.count == pictures.count * pictures.height * pictures.width, "pictures of another size")
  }
  if let labels = try? IDX.labels(bytes, file: "f") {
    try require(labels.count == bytes.count - 8, "a label is missing")
  }
  var pixels: [UInt8] = []
  var labels: [Int32] = []
  if (try? CIFAR10.append(bytes, file: "f", pixels: &pixels, labels: &labels)) != nil {
    try require(labels.allSatisfy { (0..<10).contains($0) }, "a label of no class")
    try require(pixels.count + labels.count == bytes.count, "pixels are missing")
  } else {
    try require(pixels.isEmpty && labels.isEmpty, "a part of a refused file")
  }
  if let names = try? CIFAR10.names(bytes, file: "f") { try require(names.count == 10, "not ten names") }
}

/// Rows of CSV: every field lies within the text, and every number is finite.
func checkCSV(_ bytes: [UInt8]) throws {
  for delimiter in [UInt8(ascii: ","), UInt8(ascii: ";")] {
    var rows = CSVRows(bytes, delimiter: delimiter, file: "f")
    var fields: [CSVRows.Field] = []
    var count = 0
    while let more = try? rows.next(&fields), more {
      count += fields.count
      try require(count <= 2 * bytes.count + 1, "more fields than bytes")
      for field in fields {
        try require(rows.text(field).utf8.count <= 3 * bytes.count, "a field longer than the text")
        if let number = rows.number(field) { try require(number.isFinite, "a number that is not finite") }
      }
    }
  }
}
