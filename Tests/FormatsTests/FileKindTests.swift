import Formats
import Testing

/// Files of other kinds are recognised by their first bytes, which are those that the named programs wrote.
@Suite struct FileKindTests {
  private static func zip(_ name: String, _ rest: String = "") -> [UInt8] {
    [0x50, 0x4b, 3, 4, 0, 0, 8, 8] + [UInt8](repeating: 0, count: 18)
      + [UInt8(name.utf8.count), 0, 0, 0] + Array(name.utf8) + Array(rest.utf8)
  }

  static let samples: [(FileKind, [UInt8])] = [
    (.torch, zip("model/data.pkl", "\u{1}ccollections\nOrderedDict\n")),
    (.torch, [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]),
    (.torchScript, zip("ts/data/0", "....ts/code/__torch__/torch/nn/modules/container.py")),
    (.torchScript, zip("ts/data.pkl", "....ts/code/__torch__/torch/nn/modules/container.py")),
    (.pickle, [0x80, 0x04, 0x95, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0x7d]),
    (.pickle, Array("(dp0\nV0.weight\np1\n".utf8)),
    (.onnx, [0x08, 0x08, 0x12, 0x07] + Array("pytorch".utf8)),
    (.gguf, Array("GGUF".utf8) + [3, 0, 0, 0, 0x23, 1, 0, 0]),
    (.hdf5, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0]),
    (.keras, zip("metadata.json", #"{"keras_version": "3.0"}....config.json"#)),
    (.tensorFlowLite, [0x1c, 0, 0, 0] + Array("TFL3".utf8)),
    (.safetensors, [0x40, 0, 0, 0, 0, 0, 0, 0] + Array(#"{"a":{"dtype""#.utf8)),
    (.npy, [0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0]),
    (.npz, zip("x.npy", "\u{1}NUMPY")),
    (.idx, [0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28]),
    (.idx, [0, 0, 8, 1, 0, 0, 0x27, 0x10, 7, 2]),
    (.matlab, Array("MATLAB 5.0 MAT-file, Platform".utf8)),
    (.parquet, Array("PAR1".utf8) + [0x15, 4, 0x15, 0]),
    (.arrow, Array("ARROW1".utf8) + [0, 0]),
    (.zip, zip("readme.md", "hello")),
    (.gzip, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
    (.zstandard, [0x28, 0xb5, 0x2f, 0xfd, 4, 0, 0, 0]),
    (.bzip2, Array("BZh91AY&SY".utf8)),
    (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]),
    (.tar, Array("model.bin".utf8) + [UInt8](repeating: 0, count: 248) + Array("ustar".utf8)),
    (.png, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]),
    (.jpeg, [0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46]),
    (.picture, Array("RIFF".utf8) + [1, 2, 3, 4] + Array("WEBPVP8 ".utf8)),
    (.pdf, Array("%PDF-1.7\n".utf8)),
    (.html, Array("\n<!DOCTYPE html><html>".utf8)),
    (.json, Array(#"{"type":"about:blank","status":404}"#.utf8)),
    (.json, Array("[[0.1, 0.2], [0.3, 0.4]]".utf8)),
    (.form, Array("--b1\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".utf8)),
    (.text, Array("sepal,petal,class\n5.1,3.5,Zoë\n".utf8)),
    (.text, [0xef, 0xbb, 0xbf] + Array("a,b\n1,2\n".utf8)),
  ]

  @Test(arguments: samples) func kindsAreToldByTheirFirstBytes(kind: FileKind, bytes: [UInt8]) {
    #expect(FileKind(prefix: bytes) == kind)
    #expect(FileKind(prefix: bytes + [UInt8](repeating: 0x20, count: 5000)) == kind)
  }

  @Test func everyKindHasASample() {
    #expect(FileKind.allCases.allSatisfy { kind in Self.samples.contains { $0.0 == kind } })
  }

  @Test func bytesOfNoKindAreNone() {
    for bytes: [UInt8] in [[], [1], [1, 2, 3, 4, 5, 6, 7, 8], [UInt8](repeating: 255, count: 100)] {
      #expect(FileKind(prefix: bytes) == nil)
    }
    // Latin-1 is no text here: its bytes are not UTF-8.
    #expect(FileKind(prefix: Array("a,b\nZo".utf8) + [0xeb, 0x0a, 0x31]) == nil)
    // A character that the prefix cuts is none that is wrong.
    #expect(FileKind(prefix: [UInt8](repeating: 0x61, count: 1023) + Array("ë".utf8)) == .text)
  }

  @Test func everyRefusalSaysWhatTheFileIsAndWhatToDo() {
    for kind in FileKind.allCases {
      for purpose in FileKind.Purpose.allCases {
        let text = kind.refusal(as: purpose)
        #expect(text.contains(kind.name))
        #expect(!text.contains("astype"))
      }
    }
    #expect(
      FileKind.torch.refusal(as: .weights).contains(
        "safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")"))
    #expect(FileKind.npz.refusal(as: .array).contains("numpy.save"))
    #expect(FileKind.gzip.refusal(as: .array).contains("unpack"))
  }

  /// However the body is split, the refusal is the same, and no kind is taken for safetensors.
  @Test(arguments: samples) func otherBodiesOfWeightsAreNamed(kind: FileKind, bytes: [UInt8]) throws {
    guard kind != .safetensors else { return }
    let body = bytes + [UInt8](repeating: 0x20, count: max(0, 2000 - bytes.count))
    for length in [1, 7, 8, 9, 2000] {
      var reader = SafetensorsReader()
      #expect(throws: SafetensorsError.foreign(kind), "in pieces of \(length)") {
        for start in stride(from: 0, to: body.count, by: length) {
          try reader.feed(Array(body[start..<min(start + length, body.count)])) { _, _ in }
        }
        try reader.finish()
      }
    }
    #expect(throws: SafetensorsError.foreign(kind)) {
      var reader = SafetensorsReader()
      try reader.feed(bytes) { _, _ in }
      try reader.finish()
    }
    if kind != .npy { #expect(throws: NPYError.foreign(kind)) { try NPY.decode(bytes) } }
  }
}
