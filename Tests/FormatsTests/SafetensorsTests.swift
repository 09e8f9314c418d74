import Formats
import Testing

@Suite struct SafetensorsTests {
  typealias Declaration = SafetensorsHeader.Declaration

  private static let wholeNumbers = "a list of whole numbers from 0 to 9223372036854775807"

  /// A file with this JSON text and `data` zero bytes of data, read to its end.
  private func read(_ json: String, data: Int) throws -> SafetensorsHeader {
    try read(file(json, data: data))
  }

  private func file(_ json: String, data: Int) -> [UInt8] {
    let length = UInt64(json.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + Array(json.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  private func read(_ file: [UInt8]) throws -> SafetensorsHeader {
    var reader = SafetensorsReader()
    try reader.feed(file) { _, _ in }
    return try reader.finish()
  }

  @Test func aFileOfTheReferenceImplementationIsRead() throws {
    var reader = SafetensorsReader()
    var contents: [String: [UInt8]] = [:]
    try reader.feed(Fixtures.safetensors) { header, piece in
      contents[header.tensors[piece.tensor].name, default: []] += piece.bytes
    }
    let header = try reader.finish()
    #expect(header.tensors.map(\.name) == ["n", "a\"ü\n", "b.weight", "z", "h", "u"])
    #expect(header.tensors.map(\.shape) == [[], [1], [2, 3], [0, 3], [1], [3]])
    #expect(header.tensors.map(\.dtype) == [.int64, .float64, .float32, .float32, .float16, .uint8])
    #expect(header.tensors.map(\.elementCount) == [1, 1, 6, 0, 1, 3])
    #expect(header.metadata == ["format": "pt"])
    #expect(contents["n"] == [7, 0, 0, 0, 0, 0, 0, 0])
    #expect(contents["u"] == [1, 2, 255])
    #expect(contents["z"] == nil)
  }

  @Test func theWriterGivesTheBytesOfTheReferenceImplementation() throws {
    let header = try SafetensorsHeader(
      [
        Declaration(name: "u", dtype: .uint8, shape: [3]),
        Declaration(name: "z", dtype: .float32, shape: [0, 3]),
        Declaration(name: "b.weight", dtype: .float32, shape: [2, 3]),
        Declaration(name: "a\"ü\n", dtype: .float64, shape: [1]),
        Declaration(name: "n", dtype: .int64, shape: []),
        Declaration(name: "h", dtype: .float16, shape: [1]),
      ], metadata: ["format": "pt"])
    #expect(header.encoded == Array(Fixtures.safetensors[..<header.encoded.count]))
    #expect(header.encoded.count + header.dataByteCount == Fixtures.safetensors.count)
  }

  @Test func everyPieceLengthGivesTheSameTensors() throws {
    let file = Fixtures.safetensors
    for length in [1, 2, 3, 7, 8, 9, 64, 383, 384, 385, file.count] {
      var reader = SafetensorsReader()
      var data: [UInt8] = []
      for start in stride(from: 0, to: file.count, by: length) {
        try reader.feed(Array(file[start..<min(start + length, file.count)])) { header, piece in
          #expect(header.tensors[piece.tensor].begin + piece.offset == data.count)
          #expect(piece.offset + piece.bytes.count <= header.tensors[piece.tensor].byteCount)
          data += piece.bytes
        }
      }
      let header = try reader.finish()
      #expect(data == Array(file.suffix(header.dataByteCount)))
    }
  }

  @Test func everyTruncationIsNamed() throws {
    let file = Fixtures.safetensors
    for length in 0..<file.count {
      #expect(throws: SafetensorsError.self) { try read(Array(file[..<length])) }
    }
    #expect(throws: SafetensorsError.truncatedData(found: 44, expected: 45)) { try read(file.dropLast()) }
    #expect(throws: SafetensorsError.truncatedHeader(found: 8, expected: 384)) { try read(Array(file[..<8])) }
    #expect(throws: SafetensorsError.excessData(expected: 45)) { try read(file + [0]) }
  }

  @Test(arguments: [
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, 8,
      SafetensorsError.byteCount(tensor: "a", found: 8, expected: 4)
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8,
      .notContiguous(tensor: "a", begin: 4, expected: 0)
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
      6,
      .notContiguous(tensor: "b", begin: 2, expected: 4)
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
      12,
      .notContiguous(tensor: "b", begin: 8, expected: 4)
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, .offsets(tensor: "a", begin: 4, end: 0)),
    (#"{"a":{"dtype":"X1","shape":[1],"data_offsets":[0,4]}}"#, 4, .unknownDType(tensor: "a", dtype: "X1")),
    (#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, .missingKey(tensor: "a", key: "shape")),
    (#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, 4, .missingKey(tensor: "a", key: "dtype")),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, .missingKey(tensor: "a", key: "data_offsets")),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4, .unknownKey(tensor: "a", key: "x")),
    (
      #"{"a":{"dtype":"F32","dtype":"F32"}}"#, 4,
      .malformedHeader(offset: 20, #"the name "dtype" is there twice in one object"#)
    ),
    (
      #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
      0,
      .malformedHeader(offset: 54, #"the name "a" is there twice in one object"#)
    ),
    (
      #"{"__metadata__":{"a":"b","a":"c"}}"#, 0,
      .malformedHeader(offset: 25, #"the name "a" is there twice in one object"#)
    ),
    (#"{"__metadata__":{"\u00e9":"b","e\u0301":"c"}}"#, 0, .duplicateKey("e\u{301}")),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4,
      .tooLarge(tensor: "a", shape: [4_611_686_018_427_387_904, 4])
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#, 4,
      .tooManyDimensions(tensor: "a", limit: 16)
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4,
      .wrongValue("the shape of tensor 'a'", expected: Self.wholeNumbers, found: "one with 1.0")
    ),
    (
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
      .wrongValue("the shape of tensor 'a'", expected: Self.wholeNumbers, found: "one with -1")
    ),
    (
      #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, 4,
      .wrongValue(
        "the shape of tensor 'a'", expected: Self.wholeNumbers, found: "one with 9.223372036854776e+18")
    ),
    (
      #"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4,
      .malformedHeader(offset: 29, "a number must not begin with 0")
    ),
    (
      #"{"a":{"dtype":"F32","shape":{},"data_offsets":[0,4]}}"#, 4,
      .wrongValue("the shape of tensor 'a'", expected: Self.wholeNumbers, found: "an object")
    ),
    (
      #"{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}"#, 4,
      .wrongValue("the dtype of tensor 'a'", expected: "a string", found: "an integer")
    ),
    (#"{"a":[]}"#, 0, .wrongValue("tensor 'a'", expected: "an object", found: "a list")),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}"#, 4,
      .wrongValue(
        "data_offsets of tensor 'a'", expected: "two whole numbers, begin and end", found: "a list of 1")
    ),
    (#" {}"#, 0, .malformedHeader(offset: 0, "expected '{'")),
    (#"{}}"#, 0, .malformedHeader(offset: 2, "expected the end after the JSON value")),
    (#"{"a"#, 0, .malformedHeader(offset: 1, "a string without its closing quote")),
    (#"{"\ud800":1}"#, 0, .malformedHeader(offset: 2, "a surrogate without its other half")),
    (#"{"\udc00":1}"#, 0, .malformedHeader(offset: 2, "a surrogate without its other half")),
    (#"{"__metadata__":[]}"#, 0, .wrongValue("'__metadata__'", expected: "an object", found: "a list")),
    (
      #"{"__metadata__":{"a":1}}"#, 0,
      .wrongValue("'a' under '__metadata__'", expected: "a string", found: "an integer")
    ),
    ("", 0, .malformedHeader(offset: 0, "expected '{'")),
  ])
  func lyingHeadersAreNamed(json: String, data: Int, expected: SafetensorsError) {
    #expect(throws: expected) { try read(json, data: data) }
  }

  /// Limits hold for what others wrote, before anything is made of it.
  @Test func headersBeyondTheLimitsAreRefused() {
    var limits = SafetensorsHeader.Limits()
    limits.tensors = 2
    func header(_ json: String) throws {
      var reader = SafetensorsReader(limits: limits)
      try reader.feed(file(json, data: 0)) { _, _ in }
    }
    let tensors = ["a", "b", "c"].map { #""\#($0)":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"# }
    #expect(throws: Never.self) { try header("{\(tensors[..<2].joined(separator: ","))}") }
    #expect(throws: SafetensorsError.tooManyTensors(limit: 2)) {
      try header("{\(tensors.joined(separator: ","))}")
    }
    let deep = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
    #expect(throws: SafetensorsError.malformedHeader(offset: 68, "nested deeper than 64 levels")) {
      try header(#"{"a":\#(deep)}"#)
    }
  }

  /// A wrong start is refused as soon as the bytes show another kind of file, and at the latest at the end.
  @Test func aHugeHeaderIsRefusedByItsFirstBytes() throws {
    let huge = SafetensorsError.headerTooLong(found: .max, limit: 1 << 20)
    var reader = SafetensorsReader()
    try reader.feed([UInt8](repeating: 255, count: 8)) { _, _ in }
    #expect(throws: huge) { try reader.finish() }
    #expect(throws: huge) { try reader.feed([UInt8](repeating: 255, count: 5000)) { _, _ in } }
    var other = SafetensorsReader()
    try other.feed([9, 0, 0, 0, 0, 0, 0, 0, 0xff]) { _, _ in }
    #expect(throws: SafetensorsError.malformedHeader(offset: 0, "expected '{'")) { try other.finish() }
  }

  @Test func anEmptyFileOfNoTensorsIsRead() throws {
    let header = try read("{}      ", data: 0)
    #expect(header.tensors.isEmpty)
    #expect(try SafetensorsHeader([]).encoded == file("{}      ", data: 0))
  }

  @Test func escapesAreReadAndWritten() throws {
    let header = try read(#"{"__metadata__":{"k\/\b\u00e9\ud83d\ude00":"\t\"\\"}}"#, data: 0)
    #expect(header.metadata == ["k/\u{8}é😀": "\t\"\\"])
    #expect(try read(header.encoded) == header)
  }

  @Test func tensorsToBeWrittenNeedNamesOfTheirOwn() {
    let twice = [
      Declaration(name: "a", dtype: .int8, shape: []), Declaration(name: "a", dtype: .float32, shape: []),
    ]
    #expect(throws: SafetensorsError.duplicateKey("a")) { try SafetensorsHeader(twice) }
    #expect(throws: SafetensorsError.duplicateKey("__metadata__")) {
      try SafetensorsHeader([Declaration(name: "__metadata__", dtype: .int8, shape: [])])
    }
    #expect(throws: SafetensorsError.tooLarge(tensor: "a", shape: [-1])) {
      try SafetensorsHeader([Declaration(name: "a", dtype: .int8, shape: [-1])])
    }
  }

  @Test func everySingleByteChangeOfTheHeaderIsAnsweredWithoutACrash() {
    let file = Fixtures.safetensors
    for index in 0..<384 {
      for byte in stride(from: UInt8(0), through: 250, by: 5) {
        var changed = file
        changed[index] = byte
        do { _ = try read(changed) } catch { #expect(error is SafetensorsError) }
      }
    }
  }
}
