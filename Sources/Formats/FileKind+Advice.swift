extension FileKind {
  /// The file that a client wanted to send.
  public enum Purpose: Sendable, CaseIterable {
    /// A safetensors file.
    case weights
    /// An `.npy` file.
    case array
  }

  /// The name of the file within a sentence.
  public var name: String {
    switch self {
    case .torch: "a PyTorch file (torch.save)"
    case .torchScript: "a TorchScript archive (torch.jit.save)"
    case .pickle: "a Python pickle"
    case .onnx: "an ONNX model"
    case .gguf: "a GGUF file"
    case .hdf5: "an HDF5 file (Keras, h5py)"
    case .keras: "a Keras archive"
    case .tensorFlowLite: "a TensorFlow Lite model"
    case .safetensors: "a safetensors file"
    case .npy: "an .npy file (numpy.save)"
    case .npz: "an .npz archive (numpy.savez)"
    case .idx: "an IDX file (as MNIST's)"
    case .matlab: "a MATLAB file"
    case .parquet: "a Parquet file"
    case .arrow: "an Arrow file"
    case .zip: "a zip archive"
    case .gzip: "compressed by gzip"
    case .zstandard: "compressed by zstd"
    case .bzip2: "compressed by bzip2"
    case .xz: "compressed by xz"
    case .tar: "a tar archive"
    case .png: "a PNG picture"
    case .jpeg: "a JPEG picture"
    case .picture: "a picture file"
    case .pdf: "a PDF"
    case .html: "HTML or XML"
    case .json: "JSON"
    case .form: "a form (multipart/form-data)"
    case .text: "text"
    }
  }

  /// A sentence that says what the file is and how the right one is made.
  public func refusal(as purpose: Purpose) -> String {
    let wanted = purpose == .weights ? "a safetensors file" : "an .npy file"
    return "the body is \(name), not \(wanted): \(advice(purpose))"
  }

  private func advice(_ purpose: Purpose) -> String {
    switch self {
    case .gzip, .zstandard, .bzip2, .xz, .zip, .tar: "unpack it first, and send the file that is in it"
    case .form: "send the file as the body itself, as curl does with --data-binary @FILE or -T FILE"
    case .html: "it looks like a page that was saved in the file's place; fetch the file anew"
    default: purpose == .weights ? weightsAdvice : arrayAdvice
    }
  }

  private var weightsAdvice: String {
    let save = #"safetensors.torch.save_file(model.state_dict(), "weights.safetensors")"#
    return switch self {
    case .torch:
      "write the state dict with \(save); of a file alone, "
        + #"safetensors.torch.save_file(torch.load("FILE", weights_only=True), "weights.safetensors")"#
        + " if it holds a state dict"
    case .torchScript:
      #"safetensors.torch.save_file(torch.jit.load("FILE").state_dict(), "weights.safetensors") makes one"#
    case .onnx:
      "safetensors.numpy.save_file({t.name: onnx.numpy_helper.to_array(t) for t in "
        + #"onnx.load("FILE").graph.initializer}, "weights.safetensors") makes one; the names must be the model's"#
    case .npy, .npz:
      #"safetensors.numpy.save_file(dict(numpy.load("FILE.npz")), "weights.safetensors") makes one of named arrays"#
    case .hdf5, .keras:
      "safetensors.numpy.save_file makes one of {name: array}; a dense kernel must be transposed to (out, in), "
        + "a convolution's to (out, in, height, width): numpy.ascontiguousarray(kernel.transpose(3, 2, 0, 1))"
    case .gguf: "the weights must be floating-point tensors that are not quantized: \(save)"
    case .json:
      "it looks like an answer that was saved in the file's place (curl without -f); fetch the file anew"
    default: "write one with \(save)"
    }
  }

  private var arrayAdvice: String {
    func save(_ array: String) -> String { #"numpy.save("array.npy", \#(array)) makes one"# }
    return switch self {
    case .npz: save(#"numpy.load("FILE.npz")["NAME"]"#)
    case .torch, .torchScript: save(#"torch.load("FILE").numpy()"#)
    case .pickle: save(#"numpy.asarray(pickle.load(open("FILE", "rb")))"#)
    case .safetensors: save(#"safetensors.numpy.load_file("FILE")["NAME"]"#)
    case .hdf5: save(#"h5py.File("FILE")["NAME"][:]"#)
    case .matlab: save(#"scipy.io.loadmat("FILE")["NAME"]"#)
    case .parquet: save(#"pandas.read_parquet("FILE").to_numpy("float32")"#)
    case .arrow: save(#"pandas.read_feather("FILE").to_numpy("float32")"#)
    case .idx:
      "for pictures "
        + save(#"numpy.frombuffer(open("FILE", "rb").read(), "u1", offset=16).reshape(-1, 28, 28)"#)
        + #", for labels with offset=8; or put the files below the data directory, and use the format "idx""#
    case .png, .jpeg, .picture:
      save("numpy.stack([numpy.asarray(PIL.Image.open(f)) for f in files])")
        + " of grey pictures; of colour pictures with .transpose(0, 3, 1, 2) behind it"
    case .text:
      save(#"numpy.loadtxt("FILE", delimiter=",", skiprows=1, dtype="f4")"#)
        + #" of CSV; or put the file below the data directory, and use the format "csv""#
    case .json: save(#"numpy.array(json.load(open("FILE")), "f4")"#)
    default: "write one with numpy.save"
    }
  }
}
